"""The API as its clients meet it: through the edge and the gateway, with tokens and keys; a service that is stopped."""

import json
import re
import time
import uuid

import jwt
import pytest
from loadtest.shop import PASSWORD
from stack.engine import containers, docker, secret
from stack.servers import sql, until
from stack.whole import make_whole

USERS, ME, TOKEN, REFRESH = "/api/users/", "/api/users/me/", "/api/auth/token/", "/api/auth/refresh/"
PRODUCTS, ORDERS = "/api/products/", "/api/orders/"
SEEN = "X-Consistency-Token"


class Caller:
    """Somebody who calls the API, with what was given when logging in; keeps the position of the latest write."""

    def __init__(self, edge):
        self.edge, self.access, self.refresh, self.id, self.seen = edge, "", "", "", ""
        self.email = f"caller-{uuid.uuid4().hex[:12]}@example.org"

    def __call__(self, method: str, path: str, body=None, **headers: str):
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        if self.access and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.access}"
        if self.seen:
            sent[SEEN] = self.seen
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = json.dumps(body) if body is not None and not isinstance(body, bytes) else body
        answer = self.edge.request(method, path, body=content, headers=sent)
        self.seen = answer[SEEN] or self.seen
        return answer

    def register(self):
        return self("POST", USERS, {"email": self.email, "name": "A Caller", "password": PASSWORD})

    def login(self, password=PASSWORD):
        answer = self("POST", TOKEN, {"email": self.email, "password": password})
        if answer.status == 200:
            self.access, self.refresh = answer.json()["access"], answer.json()["refresh"]
        return answer

    def order(self, product: str, quantity=1, key: str | None = None):
        wish = {"items": [{"product_id": product, "quantity": quantity}]}
        return self("POST", ORDERS, wish, Idempotency_Key=key or str(uuid.uuid4()))


def problem(answer, status: int) -> dict:
    """The problem details of an answer that is one, with the id that the edge gave it."""
    assert answer.status == status, f"{answer.status}: {answer.text[:300]}"
    assert answer["Content-Type"].startswith("application/problem+json")
    found = answer.json()
    assert found["status"] == status
    assert found["detail"]
    assert found["request_id"] == answer["X-Request-ID"]
    return found


@pytest.fixture(scope="module")
def make_caller(edge):
    def make() -> Caller:
        caller = Caller(edge)
        answer = caller.register()
        assert answer.status == 201, answer.text
        caller.id = answer.json()["id"]
        assert caller.login().status == 200
        return caller

    return make


@pytest.fixture(scope="module")
def caller(make_caller) -> Caller:
    return make_caller()


@pytest.fixture
def nobody(edge) -> Caller:
    return Caller(edge)


@pytest.fixture(scope="module")
def product(stack) -> str:
    """One of which there is enough."""
    query = "SELECT id FROM products_product WHERE removed_at IS NULL AND stock > 20 ORDER BY id LIMIT 1"
    return sql(query, database="products")[0][0]


@pytest.fixture
def again():
    yield
    make_whole()


# -- People


def test_registering_logging_in_and_oneself(edge):
    somebody = Caller(edge)
    answer = somebody.register()
    assert answer.status == 201
    assert answer.json().keys() == {"id", "email", "name", "created_at"}
    assert answer.json()["email"] == somebody.email
    assert somebody.login().json().keys() == {"access", "refresh", "expires_in"}
    me = somebody("GET", ME)
    assert me.status == 200
    assert (me.json()["id"], me.json()["role"]) == (answer.json()["id"], "customer")
    problem(somebody.register(), 409)


@pytest.mark.parametrize("wrong", [{"password": "short"}, {"email": "none"}, {"name": 7}, {"role": "staff"}])
def test_a_registration_that_is_wrong_says_what_is(nobody, wrong):
    wish = {"email": nobody.email, "name": "A Caller", "password": PASSWORD} | wrong
    errors = problem(nobody("POST", USERS, wish), 400)["errors"]
    assert {error["field"] for error in errors} == set(wrong)


def test_a_wrong_password_is_401(edge, caller):
    somebody = Caller(edge)
    somebody.email = caller.email
    answer = somebody.login("not-the-Passphrase-1")
    problem(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_gives_the_next_pair_also_beside_an_old_access_token(caller):
    old = {"Authorization": f"Bearer {signed(caller.id, seconds=-60)}"}
    answer = caller("POST", REFRESH, {"refresh": caller.refresh}, **old)
    assert answer.status == 200
    assert caller("GET", ME, Authorization=f"Bearer {answer.json()['access']}").status == 200
    problem(caller("POST", REFRESH, {"refresh": caller.access}), 401)


def test_who_has_gone_is_gone(make_caller):
    somebody = make_caller()
    assert somebody("DELETE", ME).status == 204
    problem(somebody("POST", REFRESH, {"refresh": somebody.refresh}), 401)
    problem(somebody.login(), 401)
    shadow = f"SELECT email, first_name FROM web_user WHERE id = '{somebody.id}'"
    until(lambda: sql(shadow) == [["", "Former customer"]], 15, "the shop has heard of it")


# -- Tokens


def signed(user: str, *, key="token_key", audience="api", seconds=60, algorithm="EdDSA", **changes) -> str:
    """An access token as the users service signs it, but for what is changed."""
    now, kid = int(time.time()), json.loads(secret("token_keys"))["keys"][0]["kid"]
    claims = {"iss": "users", "aud": audience, "sub": user, "role": "customer", "iat": now - 120, "exp": now + seconds}
    claims |= {"jti": uuid.uuid4().hex} | changes
    private = None if algorithm == "none" else secret(key)
    return jwt.encode(claims, private, algorithm=algorithm, headers={"kid": kid})


BROKEN = {
    "expired": lambda user: signed(user, seconds=-60),
    "no algorithm": lambda user: signed(user, algorithm="none"),
    "another key": lambda user: signed(user, key="identity_key_users"),
    "another audience": lambda user: signed(user, audience="orders"),
    "a refresh token": lambda user: signed(user, audience="refresh", epoch=0),
    "truncated": lambda user: signed(user)[:-7],
    "a word": lambda user: "nonsense",
}


def test_what_the_users_service_signs_is_believed(caller):
    """The control of the test below."""
    assert caller("GET", ORDERS, Authorization=f"Bearer {signed(caller.id)}").status == 200


@pytest.mark.parametrize("made", BROKEN.values(), ids=BROKEN.keys())
def test_a_bad_token_is_401_everywhere(caller, made):
    for path in (ME, ORDERS, PRODUCTS):
        answer = caller("GET", path, Authorization=f"Bearer {made(caller.id)}")
        assert "not to be believed" in problem(answer, 401)["detail"]
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_without_a_token_401_says_what_is_missing(nobody):
    answer = nobody("GET", ORDERS)
    problem(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_identity_from_outside_is_nobodys(nobody, caller):
    """Even one that the gateway could have signed."""
    now, keys = int(time.time()), json.loads(secret("identity_keys"))["keys"]
    kid = next(key["kid"] for key in keys if key["kid"].startswith("gateway-"))
    claims = {"iss": "gateway", "aud": "orders", "sub": caller.id, "role": "customer", "iat": now, "exp": now + 60}
    forged = jwt.encode(claims, secret("identity_key_gateway"), algorithm="EdDSA", headers={"kid": kid})
    problem(nobody("GET", ORDERS, X_Identity=forged), 401)


# -- Products


def test_products_are_read_by_anybody_and_the_edge_keeps_them_for_a_moment(nobody, caller):
    path = f"{PRODUCTS}?q=lamp&page="
    first, second = nobody("GET", path), nobody("GET", path)
    assert first.status == 200
    assert len(first.json()["items"]) > 0
    assert "max-age=300" in first["Cache-Control"]
    assert (second["X-Cache"], second.json()) == ("HIT", first.json())
    assert caller("GET", path)["X-Cache"] == "BYPASS"
    assert nobody("GET", path, X_Consistency_Token="x")["X-Cache"] == "BYPASS"


def test_one_product_and_304_while_it_is_the_same(nobody, product):
    answer = nobody("GET", f"{PRODUCTS}{product}/")
    assert answer.json()["id"] == product
    assert nobody("GET", f"{PRODUCTS}{product}/", If_None_Match=answer["ETag"]).status == 304
    problem(nobody("GET", f"{PRODUCTS}{uuid.uuid4()}/"), 404)


def test_only_staff_change_products(nobody, caller, product):
    problem(nobody("PATCH", f"{PRODUCTS}{product}/", {"stock": 1}), 401)
    problem(caller("PATCH", f"{PRODUCTS}{product}/", {"stock": 1}), 403)
    # A role is what the token says; the service is told, and refuses what is wrong in the body.
    staff = {"Authorization": f"Bearer {signed(str(uuid.uuid4()), role='staff')}"}
    assert problem(caller("PATCH", f"{PRODUCTS}{product}/", {"stock": "one"}, **staff), 400)["errors"]


# -- Orders


def test_an_order_is_placed_confirmed_and_cancelled(caller, product):
    placed = caller.order(product, 2)
    assert placed.status == 201
    order = placed.json()
    assert (order["status"], order["items"][0]["quantity"]) == ("pending", 2)
    assert placed["Location"]
    assert placed[SEEN]
    path = f"{ORDERS}{order['id']}/"
    until(lambda: caller("GET", path).json()["status"] == "confirmed", 10, "the order confirmed")
    assert order["id"] in {one["id"] for one in caller("GET", ORDERS).json()["items"]}
    cancelled = caller("POST", f"{path}cancel/")
    assert (cancelled.status, cancelled.json()["status"]) == (200, "cancelled")
    assert caller("POST", f"{path}cancel/").json() == cancelled.json()


def test_an_order_is_placed_once_for_each_key(caller, product):
    key = str(uuid.uuid4())
    first, second = caller.order(product, 1, key), caller.order(product, 1, key)
    assert (first.status, second.status) == (201, 201)
    assert first.json() == second.json()
    problem(caller.order(product, 2, key), 422)
    wish = {"items": [{"product_id": product, "quantity": 1}]}
    assert "Idempotency-Key" in problem(caller("POST", ORDERS, wish), 400)["detail"]


def test_an_order_is_its_owners_alone(caller, make_caller, product):
    order, other = caller.order(product).json()["id"], make_caller()
    problem(other("GET", f"{ORDERS}{order}/"), 404)
    problem(other("POST", f"{ORDERS}{order}/cancel/"), 404)
    assert other("GET", ORDERS).json()["items"] == []


def test_a_user_with_their_orders(caller, make_caller, product):
    order = caller.order(product).json()["id"]
    path = f"{USERS}{caller.id}/orders/"
    found = until(lambda: order in caller("GET", path).text and caller("GET", path), 5, "the order in the list").json()
    assert found["user"]["id"] == caller.id
    problem(make_caller()("GET", path), 404)


# -- What does not go through


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/nothing/", "/api/internal/users/", "/api/orders/..%2finternal/", "/api/health/", "/api/orders"],
)
def test_what_is_not_in_the_api_is_not_there(caller, path):
    assert "nothing at this address" in problem(caller("GET", path), 404)["detail"]


def test_the_orders_of_others_are_for_services_only(caller):
    problem(caller("GET", f"/api/internal/users/{caller.id}/orders/"), 404)


def test_a_method_that_is_not_there_is_405(caller):
    answer = caller("PUT", ORDERS, {})
    problem(answer, 405)
    assert answer["Allow"] == "GET, HEAD, POST"


def test_a_body_that_is_too_large_is_413(caller):
    answer = caller("POST", ORDERS, b" " * 1_100_000, Idempotency_Key=str(uuid.uuid4()))
    problem(answer, 413)


def test_no_cookie_comes_out_and_the_replica_says_its_name(caller, product):
    for answer in (caller.order(product), caller("GET", ME), caller("GET", PRODUCTS)):
        assert not answer["Set-Cookie"]
        assert re.fullmatch(r"gateway-\d+", answer["X-Served-By"])
        assert "service;desc=" in answer["Server-Timing"]


def test_the_schema_and_its_page(nobody):
    schema = nobody("GET", "/api/schema/").json()
    assert {USERS, PRODUCTS, ORDERS, TOKEN} <= schema["paths"].keys()
    page = nobody("GET", "/api/docs/")
    assert page.status == 200
    for link in re.findall(r'(?:src|href)="(/api/[^"]+)"', page.text):
        assert nobody("GET", link).status == 200
    assert "unsafe" not in page["Content-Security-Policy"]


# -- A service that is away


def in_gateway(answer) -> float:
    """Milliseconds, by its own account."""
    return float(re.search(r"app;dur=([0-9.]+)", answer["Server-Timing"]).group(1))


def test_a_service_that_is_stopped_costs_its_callers_a_moment_and_others_nothing(caller, product, again):
    ids = [one.id for one in containers("orders")]
    docker("stop", "-t", "5", *ids)

    def is_open():
        answer = caller("GET", ORDERS)
        return answer if "does not answer just now" in answer.text else None

    refused = until(is_open, 30, "the breaker open", every=0.1)
    problem(refused, 503)
    assert int(refused["Retry-After"]) >= 1
    answers = [caller.order(product) for _ in range(20)]
    at_once = [in_gateway(answer) for answer in answers if "does not answer just now" in answer.text]
    assert {answer.status for answer in answers} <= {502, 503}
    assert len(at_once) >= 10
    # A real try is up to three, with two pauses of up to 50 ms each between them: one in twelve is over within 20 ms.
    assert sorted(at_once)[len(at_once) // 2] < 20
    assert caller("GET", PRODUCTS).status == 200
    partial = caller("GET", f"{USERS}{caller.id}/orders/")
    assert partial.status == 200
    assert partial.json()["orders"] is None
    assert partial.json()["warning"]
    docker("start", *ids)
    until(lambda: [caller("GET", ORDERS).status for _ in range(4)] == [200] * 4, 30, "orders answered again")


def test_a_dead_gateway_is_passed_over(caller, product, again):
    docker("kill", containers("gateway")[0].id)
    statuses = [caller.order(product).status for _ in range(10)] + [caller("GET", ORDERS).status for _ in range(10)]
    assert set(statuses) == {200, 201}
