"""Events, as the bus brings them, and what the worker does by the clock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flotilla.bus import handlers, periodic
from flotilla.bus.models import DeadLetter, Inbox
from flotilla.events import contracts as c
from flotilla.uuid7 import uuid7
from orders import services, tasks
from orders.models import DeletedUser, Order, Product
from orders.tests.conftest import told

CATEGORY = c.Category(slug="lighting", name="Lighting", tagline="Lamps.", position=1)


def changed(*, id, version=1, **fields):
    known = {"slug": "lamp", "name": "Lamp", "description": "A lamp.", "motif": "lamp", "price_cents": 500, "stock": 1}
    return c.ProductChanged(
        product_id=id, version=version, category=CATEGORY, featured=False, created=timezone.now(), **known | fields
    )


def test_every_event_that_is_sent_here_is_handled():
    assert handlers.missing("orders") == []


def test_products_are_known_by_their_events(receive):
    id = uuid7()
    receive(changed(id=id, version=2, name="Better Lamp"), changed(id=id, version=1))
    assert Product.objects.get(id=id).name == "Better Lamp"
    receive(c.ProductRemoved(product_id=id, version=3), changed(id=id, version=2))
    assert Product.objects.get(id=id).removed


def test_a_product_that_is_gone_before_it_was_known_stays_unknown(receive):
    id = uuid7()
    receive(c.ProductRemoved(product_id=id, version=2), changed(id=id, version=1))
    assert not Product.objects.exists()


@pytest.mark.parametrize(("answer", "status"), [(c.StockReserved, "confirmed"), (c.StockRejected, "rejected")])
def test_the_answer_about_its_stock_settles_an_order(receive, order, answer, status):
    event = answer(order_id=order.id, version=1, reason="Why.")
    receive(event)
    receive(event)
    assert told(order) == ["placed", status]


def test_a_late_reservation_of_a_cancelled_order_changes_nothing(receive, order):
    services.order_cancel(user_id=order.user_id, order_id=order.id)
    receive(c.StockReserved(order_id=order.id, version=1, reason=""))
    receive(c.StockReleased(order_id=order.id, version=2, reason=""))
    assert told(order) == ["placed", "cancelled"]


def test_an_answer_about_an_order_that_nobody_placed_is_kept_for_somebody_to_see(receive):
    receive(c.StockReserved(order_id=uuid7(), version=1, reason=""))
    assert Inbox.objects.get().due_at is not None
    assert not DeadLetter.objects.exists()


def test_users_come_and_go(receive, order):
    receive(c.UserRegistered(user_id=order.user_id, version=1, email="tove@example.com", name="Tove"))
    assert told(order) == ["placed"]
    receive(c.UserDeleted(user_id=order.user_id, version=2))
    assert told(order) == ["placed", "cancelled", "archived"]
    assert DeletedUser.objects.get().id == order.user_id


def test_by_the_clock(order):
    names = {job.name: job.seconds for job in periodic.jobs()}
    assert names["orders.tasks.orders_expire"] <= 10
    assert {"orders.tasks.orders_archive_late", "flotilla.keys.tasks.keys_prune.default"} < names.keys()
    Order.objects.update(answer_by=timezone.now() - timedelta(seconds=1))
    assert tasks.orders_expire() is False
    DeletedUser.objects.create(id=order.user_id)
    assert tasks.orders_archive_late() is False
    assert told(order) == ["placed", "rejected", "archived"]
