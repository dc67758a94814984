"""What the tests of the service share. No container, no network: SQLite in memory, events stay in the outbox."""

from dataclasses import replace

import pytest
from django.test import Client

from flotilla.api.identity import HEADER
from flotilla.bus import consuming
from flotilla.bus.models import Outbox
from flotilla.events import envelope
from flotilla.tests.api import making
from flotilla.uuid7 import uuid7
from orders import services
from orders.models import Order, Product
from orders.services import Item


@pytest.fixture(autouse=True)
def plain(settings):
    """The gateway's key is known, and the tests' host."""
    settings.FLOTILLA = replace(settings.FLOTILLA, service="orders", identity_keys=making.KEYS)
    settings.ALLOWED_HOSTS = ["testserver"]


def token(user_id="", role="customer", **options) -> str:
    return making.token(role, str(user_id), **{"audience": "orders"} | options)


class Caller(Client):
    """Sends JSON, each time with a new token: what its user is known by is not the token's text."""

    def __init__(self, user_id="", role="customer"):
        super().__init__()
        self.user_id, self.role, self.sent = user_id, role, 0

    def generic(self, method, path, data="", content_type="application/json", headers=None, **extra):
        self.sent += 1
        known = {HEADER: token(self.user_id, self.role, seconds=60 - self.sent)}
        return super().generic(method, path, data, content_type, headers=known | (headers or {}), **extra)

    def post(self, path, data=None, key="", **extra):
        headers = {"Idempotency-Key": key} if key else {}
        return super().post(path, data, content_type="application/json", headers=headers, **extra)


@pytest.fixture
def caller(user_id):
    """The user of the other fixtures."""
    return Caller(user_id)


@pytest.fixture
def make_product(db):
    def make(number: int = 1, **fields) -> Product:
        return Product.objects.create(
            **{"id": uuid7(), "name": f"Oban Lamp {number}", "price_cents": 1000 + number, **fields}
        )

    return make


@pytest.fixture
def product(make_product):
    return make_product()


@pytest.fixture
def user_id():
    return uuid7()


@pytest.fixture
def place(product, user_id):
    """An order of the user for so many lamps."""

    def place(quantity: int = 2, user_id=user_id) -> Order:
        return services.order_place(user_id=user_id, items=[Item(product.id, quantity)])

    return place


@pytest.fixture
def order(place):
    return place()


@pytest.fixture
def receive(db):
    """The service is told these events, as a message of the bus."""

    def receive(*events) -> None:
        bodies = [envelope.to_json(envelope.build(event, request_id="r-1")) for event in events]
        taken = consuming.receive(bodies, "orders")
        assert sum(map(len, taken.values())) == len(events)

    return receive


def told(order) -> list[str]:
    """What was published of the order, in the order of its versions: `placed`, `confirmed`..."""
    events = Outbox.objects.filter(subject=order.id).order_by("version")
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    return [event.body["type"].split(".")[2] for event in events]
