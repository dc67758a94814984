"""What the tests of the service share. No container, no network: SQLite in memory, events stay in the outbox."""

import pytest

from flotilla.bus import consuming
from flotilla.bus.models import Outbox
from flotilla.events import envelope
from flotilla.uuid7 import uuid7
from orders import services
from orders.models import Order, Product
from orders.services import Item


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
