"""Orders and products with their own handlers, inboxes and outboxes, and between them a bus that delays, reorders,
loses and doubles what it carries, handlers that fail, and workers that are killed. What comes next, a seed decides.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from unittest import mock
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from flotilla.bus import consuming, handlers, retrying
from flotilla.bus.models import DeadLetter, Delivery, Inbox, Outbox
from flotilla.events import contracts as c
from flotilla.events import envelope
from flotilla.uuid7 import uuid7
from orders import tasks
from orders.models import Order, Status
from orders.services import Item, NotAllowed, Refused, UserGone, order_cancel, order_place
from products.models import Category, Product, Reservation, ReservationLine
from products.services import product_change, product_create, product_remove

QUEUES = ("orders", "products")
ENDS = {Status.CONFIRMED, Status.REJECTED, Status.CANCELLED, Status.ARCHIVED}
RESERVED = Reservation.State.RESERVED
MESSAGE = 4  # events that are received in one transaction, at most


class Killed(Exception):
    """A worker ends in the midst of its transaction."""


def _failing(handle: handlers.Handle) -> handlers.Handle:
    def fail(event: c.Event) -> None:
        handle(event)
        raise RuntimeError("Something is wrong.")

    return fail


class World:
    """`step()` as often as wanted, then `settle()`, then `check()`."""

    STEPS = {
        "place": 6,
        "cancel": 3,
        "expire": 2,
        "deliver": 16,
        "double": 3,
        "lose": 3,
        "kill": 3,
        "fail": 2,
        "retry": 2,
        "forget": 0.5,
        "redeliver": 3,
        "restock": 1,
        "remove": 0.2,
        "delete_user": 0.4,
    }

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.flying: list[tuple[str, dict]] = []  # what is between the services: queue and body
        self.sent = 0  # the last delivery that has left its outbox
        self.lost: list[tuple[str, dict]] = []  # what nobody has confirmed, and will be sent again
        self.users = [uuid7() for _ in range(4)]
        self.done: Counter[str] = Counter()
        Category.objects.create(slug="lighting", name="Lighting", tagline="Lamps.")
        self.owned = dict(self._product(n) for n in range(4))  # all there is of each product, sold or not
        self.settle()

    def step(self) -> None:
        name = self.random.choices(list(self.STEPS), list(self.STEPS.values()))[0]
        getattr(self, name)()
        self.done[name] += 1
        self._send()
        self.check_stock()

    def settle(self) -> None:
        """Nothing is lost any more: everything arrives, in some order, and the clock has gone round."""
        self._send()
        while self.flying or self.lost or self._waiting().exists():
            self.redeliver()
            self.deliver()
            self.retry()
            self._send()
            tasks.orders_archive_late()
            self._send()

    # -- What people do ------------------------------------------------------------------------------------------------

    def place(self) -> None:
        products = self.random.sample(list(self.owned), self.random.randint(1, 3))
        items = [Item(id, self.random.randint(1, 4)) for id in products]
        with suppress(Refused, UserGone):
            order_place(user_id=self.random.choice(self.users), items=items)

    def cancel(self) -> None:
        order = self._some(Order.objects.order_by("created"))
        if order:
            with suppress(NotAllowed):
                order_cancel(user_id=order.user_id, order_id=order.id)

    def restock(self) -> None:
        product = self._some(Product.objects.filter(removed_at=None).order_by("slug"))
        if product:
            product_change(product_id=product.id, changes={"stock": product.stock + 3})
            self.owned[product.id] += 3

    def remove(self) -> None:
        product = self._some(Product.objects.filter(removed_at=None).order_by("slug"))
        if product:
            product_remove(product_id=product.id)

    def delete_user(self) -> None:
        event = c.UserDeleted(user_id=self.random.choice(self.users), version=2)
        self.flying.append(("orders", envelope.to_json(envelope.build(event, request_id="-"))))

    # -- What the clock does -------------------------------------------------------------------------------------------

    def expire(self) -> None:
        order = self._some(Order.objects.filter(status=Status.PENDING).order_by("created"))
        if order:
            Order.objects.filter(id=order.id).update(answer_by=timezone.now() - timedelta(seconds=1))
            tasks.orders_expire()

    # -- What the bus does ---------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        for queue, bodies in self._message().items():
            consuming.receive(bodies, queue)

    def double(self) -> None:
        """The confirmation is lost, or was late: it comes again."""
        for queue, bodies in self._message().items():
            consuming.receive(bodies, queue)
            self.lost += [(queue, body) for body in bodies]

    def lose(self) -> None:
        self.lost += [(queue, body) for queue, bodies in self._message().items() for body in bodies]

    def kill(self) -> None:
        for queue, bodies in self._message().items():
            with suppress(Killed), transaction.atomic():
                consuming.receive(bodies, queue)
                raise Killed
            self.lost += [(queue, body) for body in bodies]

    def fail(self) -> None:
        """Its handlers do all they should, and then fail: the events wait in the inbox."""
        failing = {name: replace(known, handle=_failing(known.handle)) for name, known in handlers._handlers.items()}
        with mock.patch.dict(handlers._handlers, failing):
            self.deliver()

    def retry(self) -> None:
        self._waiting().update(due_at=timezone.now())
        retrying.retry("default")

    def forget(self) -> None:
        """The inbox is pruned: only versions stop what comes again."""
        Inbox.objects.filter(due_at=None).delete()

    def redeliver(self) -> None:
        self.flying += self.lost
        self.lost = []

    def _message(self) -> dict[str, list[dict]]:
        """Some events of one queue, of any age and in any order."""
        queue = self.random.choice(QUEUES)
        here = [flying for flying in self.flying if flying[0] == queue]
        taken = self.random.sample(here, min(len(here), self.random.randint(1, MESSAGE)))
        for flying in taken:
            self.flying.remove(flying)
        return {queue: [body for _, body in taken]} if taken else {}

    def _send(self) -> None:
        """From the outboxes to the bus; what is for others stays."""
        for delivery in Delivery.objects.filter(id__gt=self.sent).select_related("event").order_by("id"):
            self.sent = delivery.id
            if delivery.queue in QUEUES:
                self.flying.append((delivery.queue, delivery.event.body))

    # -- What must be true ---------------------------------------------------------------------------------------------

    def check_stock(self) -> None:
        """Always: all there is of a product is in stock, or taken by a reservation."""
        lines = ReservationLine.objects.filter(reservation__state=RESERVED).values_list("product")
        taken = dict(lines.annotate(Sum("quantity")))
        found = {id: stock + taken.get(id, 0) for id, stock in Product.objects.values_list("id", "stock")}
        assert found == self.owned

    def check(self) -> None:
        """At the end: every order is over, or sold; exactly what is sold is reserved; nothing failed on the way."""
        states = dict(Reservation.objects.values_list("order_id", "state"))
        for order in Order.objects.all():
            assert order.status in ENDS, f"{order} is {order.status}"
            assert (states[order.id] == RESERVED) == order.sold, f"{order}: {order.status}, stock {states[order.id]}"
            assert self._told(order) == list(range(1, order.version + 1))
        self.check_stock()
        lines = Order.objects.filter(sold=True).order_by().values_list("lines__product_id")
        sold = dict(lines.annotate(Sum("lines__quantity")))
        left = {id: owned - sold.get(id, 0) for id, owned in self.owned.items()}
        assert dict(Product.objects.values_list("id", "stock")) == left
        assert not DeadLetter.objects.exists()
        assert not self._waiting().exists()

    def _told(self, order: Order) -> list[int]:
        events = Outbox.objects.filter(entity="orders.order", subject=str(order.id))
        return list(events.order_by("version").values_list("version", flat=True))

    def _product(self, number: int) -> tuple[UUID, int]:
        stock = self.random.randint(3, 12)
        words = {"slug": f"lamp-{number}", "name": f"Lamp {number}", "description": "A lamp.", "motif": "lamp"}
        product = product_create(category="lighting", price_cents=1000 + number, stock=stock, **words)
        return product.id, stock

    def _waiting(self) -> QuerySet[Inbox]:
        """Events whose handler has failed."""
        return Inbox.objects.filter(due_at__isnull=False)

    def _some(self, rows: QuerySet) -> Any:
        """Any of these, which are in an order that a seed finds again: ids of one millisecond have none."""
        return self.random.choice(list(rows) or [None])
