"""The saga's half in this service, at random: events doubled, late, out of order, handlers that fail, stock watched.

The other half, an orders service, is played here as its contract says: versions rise, a confirmation follows a
reservation only, and every event comes at least once.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from flotilla.bus import consuming, handlers, periodic, retrying
from flotilla.bus.models import DeadLetter, Inbox, Outbox
from flotilla.events import contracts as c
from flotilla.events import envelope
from flotilla.uuid7 import uuid7
from products import services
from products.models import Product, Reservation, ReservationLine

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ORDERS, PRODUCTS = 14, 4
NEXT = {
    # what the orders service may do by itself: a timeout rejects, a customer cancels, a deleted user's are archived
    "pending": (c.OrderRejected, c.OrderCancelled, c.OrderArchived),
    "confirmed": (c.OrderCancelled, c.OrderArchived),
    "rejected": (c.OrderArchived,),
    "cancelled": (c.OrderArchived,),
}


@dataclass
class Order:
    """One order as its own service sees it."""

    lines: tuple[c.Line, ...]
    id: object = field(default_factory=uuid7)
    status: str = "pending"
    sold: bool = False
    version: int = 0
    heard: int = 0

    def tell(self, cls, **more):
        self.version += 1
        said = cls(
            version=self.version, order_id=self.id, user_id=self.id, lines=self.lines, total_cents=1, created=NOW,
            reason="", **more,
        )  # fmt: skip
        return envelope.to_json(envelope.build(said, request_id="r-1"))

    def go_on(self, cls):
        if cls in (c.OrderCancelled, c.OrderRejected):
            self.sold = False
        self.sold = self.sold or cls is c.OrderConfirmed
        self.status = cls.TYPE.split(".")[2]
        return self.tell(cls, **({"sold": self.sold} if cls is c.OrderArchived else {}))

    def hear(self, answer):
        """What the order says to an answer about its stock, if anything; a pending one decides."""
        newer, self.heard = answer.version > self.heard, max(answer.version, self.heard)
        if not newer or self.status != "pending":
            return None
        cls = {c.StockReserved: c.OrderConfirmed, c.StockRejected: c.OrderRejected}.get(type(answer))
        return self.go_on(cls) if cls else None


class World:
    """Messages under way to products, each of which comes at least once, and some again."""

    def __init__(self, chance, products):
        self.chance, self.products = chance, products
        self.initial = {product.id: product.stock for product in products}
        self.orders, self.under_way, self.delivered = {}, [], []

    def place(self):
        chosen = self.chance.choices(self.products, k=self.chance.randint(1, 4))
        order = Order(tuple(c.Line(product_id=p.id, quantity=self.chance.randint(1, 4)) for p in chosen))
        self.orders[order.id] = order
        self.under_way.append(order.tell(c.OrderPlaced))

    def decide(self):
        order = self.chance.choice(list(self.orders.values()))
        if choices := NEXT.get(order.status):
            self.under_way.append(order.go_on(self.chance.choice(choices)))

    def deliver(self):
        """A message of one to three events, in any order; sometimes of ones that came before."""
        self.chance.shuffle(self.under_way)
        count = self.chance.randint(1, 3)
        message, self.under_way = self.under_way[:count], self.under_way[count:]
        if self.delivered and self.chance.random() < 0.4:
            message.append(self.chance.choice(self.delivered))
        self.delivered += message
        consuming.receive(message, "products")

    def answer(self):
        """Any answer reaches its order, perhaps not for the first time."""
        answers = list(Outbox.objects.filter(entity="products.stock").order_by("created_at"))
        if answers:
            self.hear(self.chance.choice(answers))

    def hear(self, row):
        event = envelope.parse(row.body).event
        if said := self.orders[event.order_id].hear(event):
            self.under_way.append(said)

    def forget(self):
        """The inbox is pruned."""
        Inbox.objects.filter(due_at=None).delete()

    def retry(self):
        Inbox.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        retrying.retry("default")

    def check(self):
        held = Counter()
        for line in ReservationLine.objects.filter(reservation__state="reserved"):
            held[line.product_id] += line.quantity
        stock = dict(Product.objects.values_list("id", "stock"))
        assert min(stock.values()) >= 0
        assert {id: stock[id] + held[id] for id in stock} == self.initial

    def settle(self):
        """Until every answer has been heard, nothing is under way, and nothing waits to be tried again."""
        while self.hear_all() or self.under_way or Inbox.objects.filter(due_at__isnull=False).exists():
            if self.under_way:
                self.deliver()
            self.retry()

    def hear_all(self):
        before = len(self.under_way)
        for row in Outbox.objects.filter(entity="products.stock"):
            self.hear(row)
        return len(self.under_way) > before


@pytest.fixture
def flaky(monkeypatch):
    """Handlers fail now and then after everything is written."""

    def install(chance):
        def publish(*events):
            real(*events)
            if chance.random() < 0.15:
                raise RuntimeError("the handler failed")

        real = services.publish
        monkeypatch.setattr(services, "publish", publish)

    return install


@pytest.mark.parametrize("seed", range(60))
def test_stock_never_leaks_and_is_never_below_zero(seed, make_product, flaky):
    chance = random.Random(seed)
    world = World(chance, [make_product(number, stock=chance.randint(0, 25)) for number in range(PRODUCTS)])
    flaky(chance)
    moves = [world.deliver] * 4 + [world.answer] * 3 + [world.decide, world.retry, world.forget]
    while len(world.orders) < ORDERS:
        world.place()
        for _ in range(chance.randint(0, 8)):
            chance.choice(moves)()
            world.check()
    world.settle()
    world.check()
    assert not DeadLetter.objects.exists()
    states = dict(Reservation.objects.values_list("order_id", "state"))
    for order in world.orders.values():
        assert order.status != "pending"
        assert (states.get(order.id) == "reserved") is order.sold, order
    sold = [order for order in world.orders.values() if order.sold]
    taken = Counter()
    for line in (line for order in sold for line in order.lines):
        taken[line.product_id] += line.quantity
    assert dict(Product.objects.values_list("id", "stock")) == {
        id: stock - taken[id] for id, stock in world.initial.items()
    }


def test_every_event_that_is_sent_here_has_a_handler():
    assert handlers.missing("products") == []


def test_old_request_keys_are_forgotten_by_the_clock():
    assert [job.name for job in periodic.jobs()] == ["flotilla.keys.tasks.keys_prune.default"]


def test_a_late_cancellation_that_is_overtaken_is_not_lost(product):
    """The bus leaves an older event out: what came after it has to say enough."""
    order = Order((c.Line(product_id=product.id, quantity=4),))
    placed = order.tell(c.OrderPlaced)
    cancelled, archived = order.go_on(c.OrderCancelled), order.go_on(c.OrderArchived)
    for message in (placed, archived, cancelled):
        consuming.receive([message], "products")
    product.refresh_from_db()
    assert (product.stock, Reservation.objects.get().state) == (10, "released")
