"""Whatever happens in between: at the end every order has its end, and the stock agrees with all of them.

More of it: SAGA_RUNS=500.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from flotilla.bus import handlers
from flotilla.events.routes import consumed_by
from orders import services as orders
from orders.models import Order, Status
from products import tasks as products
from saga.world import QUEUES, World

pytestmark = pytest.mark.django_db

RUNS, STEPS = int(os.environ.get("SAGA_RUNS", "25")), 80


@pytest.fixture(autouse=True)
def two_consumers(monkeypatch):
    """In this process both services' handlers are registered under one name: here each has its own queue."""
    by_type = {type: handler for (_, type), handler in handlers._handlers.items()}
    mine = {(queue, cls.TYPE): by_type[cls.TYPE] for queue in QUEUES for cls in consumed_by(queue)}
    monkeypatch.setattr(handlers, "_handlers", mine)


@contextmanager
def finished(seed: int) -> Iterator[World]:
    """A world at its end, checked; gone afterwards."""
    with transaction.atomic():
        world = World(seed)
        for _ in range(STEPS):
            world.step()
        world.settle()
        world.check()
        yield world
        transaction.set_rollback(True)


@pytest.mark.parametrize("seed", range(RUNS))
def test_stock_is_neither_lost_nor_sold_twice(seed):
    with finished(seed) as world:
        assert sum(world.done.values()) == STEPS


def test_the_runs_meet_what_they_are_for():
    """A simulation in which nothing happens would pass too."""
    met, done = Counter(), Counter()
    for seed in range(8):
        with finished(seed) as world:
            done += world.done
            met.update(f"{order.status} {order.reason}".strip() for order in Order.objects.all())
            met["sold and archived"] += Order.objects.filter(status=Status.ARCHIVED, sold=True).count()
    assert done.keys() == World.STEPS.keys()
    assert {"confirmed", "cancelled", f"rejected {orders.NO_ANSWER}", f"archived {orders.GONE}"} <= met.keys()
    assert any("only" in status for status in met)
    assert met["sold and archived"]


# -- And it would be noticed -------------------------------------------------------------------------------------------


def notices() -> bool:
    try:
        for seed in range(5):
            with finished(seed):
                pass
    except (AssertionError, KeyError):
        return True
    return False


def test_a_release_that_releases_nothing(monkeypatch):
    monkeypatch.setattr(products, "stock_release", lambda **given: None)
    assert notices()


@pytest.mark.parametrize("status", [Status.REJECTED, Status.CANCELLED])
def test_an_end_that_is_not_told(monkeypatch, status):
    tell = orders._tell
    monkeypatch.setattr(orders, "_tell", lambda *ended: tell(*(order for order in ended if order.status != status)))
    assert notices()


def test_a_late_answer_that_changes_something(monkeypatch):
    over = frozenset({Status.CONFIRMED, Status.ARCHIVED})
    monkeypatch.setattr(orders, "TRANSITIONS", orders.TRANSITIONS | {Status.CANCELLED: over, Status.REJECTED: over})

    answer = orders.orders_answer

    def answer_all(*, reserved, rejected):
        orders._move(list(orders._locked().filter(id__in=reserved).exclude(status=Status.CONFIRMED)), Status.CONFIRMED)
        answer(rejected=rejected)

    monkeypatch.setattr(orders, "orders_answer", answer_all)
    assert notices()
