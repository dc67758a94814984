"""The API through the edge, with requests made from its OpenAPI, good and bad ones: no 5xx, no status that is not
listed, nothing of another type or shape, and no body taken that breaks the schema.

The requests are the same in every run, but for ids, keys and names. Nobody but the stack's own edge is asked.
"""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import count

import pytest
import requests
import schemathesis
import yaml
from loadtest import api
from loadtest.api import Customer
from loadtest.edge import Edge
from loadtest.shop import PASSWORD
from requests.adapters import HTTPAdapter
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from stack.engine import NET_PREFIX, ROOT, SITE_HOST, secret
from stack.servers import until

BASE, CA = f"https://{NET_PREFIX}.0.10:8443", "/certs/ca.crt"
STAFF = "admin@example.com"
# Seconds for an operation and a caller: with 15 operations and three callers under three minutes. Where that was too
# short for one good request, as on a slow machine, only good ones follow.
EACH = 3.5
CONFIG = {
    "generation": {
        "max-examples": 15,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,
        "with-security-parameters": False,  # who asks is for the tests to say
    },
    "phases": {"examples": {"enabled": False}, "coverage": {"unexpected-methods": []}},
    "suppress-health-check": ["all"],
}
ANY = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# An empty parameter of a query is taken for one that is not given, so only bodies are held to it.
WITH_BODY = [*ANY, checks.negative_data_rejection]


class UnderItsName(HTTPAdapter):
    """The edge by its address, with a certificate for its name."""

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, assert_hostname=SITE_HOST, server_hostname=SITE_HOST, **options)


def only_the_edge() -> requests.Session:
    """A session that reaches no other address, wherever it is sent."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount(BASE, UnderItsName())
    return session


# Read before there is a stack, so that each operation is a test; the first one compares it with what is published.
COMMITTED = ROOT / "services/gateway/openapi.yaml"
schema = schemathesis.openapi.from_path(COMMITTED, config=schemathesis.Config.from_dict(CONFIG))


def test_the_published_schema_is_the_committed_one(edge):
    answer = edge.request("GET", "/api/schema/")
    assert (answer.status, answer.json()) == (200, yaml.safe_load(COMMITTED.read_text()))


class World:
    """Who asks, and what there is to ask about, so that good requests are not all refused for naming nothing."""

    def __init__(self, edge: Edge):
        self.edge, self.session = edge, only_the_edge()
        self.numbers, self.turns = count(), count()
        self.made: list[str] = []  # products
        self.staff, self.customer = Customer(edge, STAFF, password=secret("django_admin")), self.account()
        self.tokens = {"staff": self.tokens_of(self.staff), "customer": self.tokens_of(self.customer)}
        self.category = api.products(edge, 1)[0]["category"]["slug"]
        self.product = self.new_product()
        until(self.order, 20, "an order for a new product")
        self.statuses: dict[str, set[int]] = defaultdict(set)
        self.until: dict[tuple[str, str], float] = {}

    def name(self) -> str:
        return f"schema-{uuid.uuid4().hex[:10]}-{next(self.numbers)}"

    def account(self) -> Customer:
        made = Customer(self.edge, f"{self.name()}@example.org")
        assert made.register().status == 201
        return made

    def tokens_of(self, account: Customer) -> dict:
        """`access` is good for longer than these tests take."""
        answer = account.login()
        assert answer.status == 200, answer.text[:300]
        return answer.json()

    def wish(self) -> dict:
        words = {"name": "A thing", "description": "Of a test.", "motif": "desk-lamp", "price_cents": 100}
        return words | {"slug": self.name(), "category": self.category, "stock": 1_000_000}

    def new_product(self) -> str:
        answer = self.staff.request("POST", api.PRODUCTS, self.wish())
        assert answer.status == 201, answer.text[:300]
        self.made.append(answer.json()["id"])
        return self.made[-1]

    def order(self) -> str:
        """A new one. The orders service hears of a product a moment after it is there."""
        answer = self.customer.order({self.product: 1}, key=str(uuid.uuid4()))
        assert answer.status == 201, answer.text[:300]
        return answer.json()["id"]

    def clear(self) -> None:
        for product in self.made:
            self.staff.request("DELETE", api.PRODUCT.format(product))


@pytest.fixture(scope="session")
def world(edge):
    made = World(edge)
    yield made
    made.clear()


# -- Good requests, about what is there --------------------------------------------------------------------------------
# Of an operation: what takes the place of the made-up path, and of the made-up body.

Parts = tuple[Mapping[str, str] | None, dict | None]
AIMS: dict[str, Callable[[World], Parts]] = {
    "POST /api/users/": lambda w: (None, {"email": f"{w.name()}@example.org", "name": "Tove", "password": PASSWORD}),
    "POST /api/auth/token/": lambda w: (None, {"email": w.customer.email, "password": PASSWORD}),
    "POST /api/auth/refresh/": lambda w: (None, {"refresh": w.tokens["customer"]["refresh"]}),
    "GET /api/users/{user_id}/orders/": lambda w: ({"user_id": w.customer.id}, None),
    "POST /api/products/": lambda w: (None, w.wish()),
    "GET /api/products/{product_id}/": lambda w: ({"product_id": w.product}, None),
    "PATCH /api/products/{product_id}/": lambda w: ({"product_id": w.product}, {"featured": True}),
    "DELETE /api/products/{product_id}/": lambda w: ({"product_id": w.new_product()}, None),
    "POST /api/orders/": lambda w: (None, {"items": [{"product_id": w.product, "quantity": 1}]}),
    "GET /api/orders/{order_id}/": lambda w: ({"order_id": w.order()}, None),
    "POST /api/orders/{order_id}/cancel/": lambda w: ({"order_id": w.order()}, None),
}


def is_good(case: schemathesis.Case) -> bool:
    return case.meta.generation.mode.is_positive


def aim(case: schemathesis.Case, world: World) -> None:
    """Every second one of the good requests, from the first on."""
    wanted = AIMS.get(case.operation.label)
    if wanted and is_good(case) and next(world.turns) % 2 == 0:
        path, body = wanted(world)
        case.path_parameters = path or case.path_parameters
        case.body = body or case.body


# -- Asking ------------------------------------------------------------------------------------------------------------


def refused_only(statuses: set[int]) -> bool:
    return min(statuses, default=600) > 299


def ask(case: schemathesis.Case, world: World, who: str, headers: dict[str, str]) -> None:
    label = case.operation.label
    late = time.monotonic() > world.until.setdefault((label, who), time.monotonic() + EACH)
    if late and not (is_good(case) and refused_only(world.statuses[label])):
        return
    aim(case, world)
    sent = {"Host": f"{SITE_HOST}:8443", **headers}
    wanted = WITH_BODY if case.operation.body else ANY
    answer = case.call_and_validate(BASE, world.session, sent, checks=wanted, verify=CA, allow_redirects=False)
    world.statuses[label].add(answer.status_code)
    if label == "POST /api/products/" and answer.status_code == 201:
        world.made.append(json.loads(answer.content)["id"])


def access(case: schemathesis.Case, world: World, who: str) -> dict[str, str]:
    """The caller's; of an account to spare for what deletes whoever asks."""
    spared = case.operation.label == "DELETE /api/users/me/"
    tokens = world.tokens_of(world.account()) if spared else world.tokens[who]
    return {"Authorization": f"Bearer {tokens['access']}"}


@schema.parametrize()
def test_a_customer_with_a_key_for_every_request(case, world):
    ask(case, world, "customer", access(case, world, "customer") | {"Idempotency-Key": str(uuid.uuid4())})


@schema.parametrize()
def test_staff_without_a_key(case, world):
    ask(case, world, "staff", access(case, world, "staff"))


@schema.parametrize()
def test_nobody(case, world):
    ask(case, world, "nobody", {})


def test_every_operation_was_asked_and_has_done_something(world):
    operations = {operation.ok().label for operation in schema.get_all_operations()}
    assert AIMS.keys() <= operations
    statuses = {label: world.statuses[label] for label in operations}
    assert not [label for label, found in statuses.items() if refused_only(found)], "refusals only"
    assert not [label for label, found in statuses.items() if max(found, default=0) < 400], "nothing was refused"
