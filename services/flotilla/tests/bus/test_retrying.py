"""Trying again: from the inbox, later each time, then a dead letter, which can be replayed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flotilla.bus import consuming, databases, handlers, metrics, retrying
from flotilla.bus.databases import DatabaseAway
from flotilla.bus.models import DeadLetter, Inbox
from flotilla.env import Env
from flotilla.events import contracts as c
from flotilla.events.envelope import Malformed
from flotilla.tests.bus.making import body, handled, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(settings):
    settings.FLOTILLA = Env(service="products", bus_attempts=3)
    return handled("products")


def fail(seen, event):
    """Received, and its handler failed."""
    seen.errors = [ValueError("at first")]
    consuming.receive([body(event)], "products")
    assert Inbox.objects.get(due_at__isnull=False).attempts == 1


def due_now():
    Inbox.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))


def test_what_is_due_is_tried_and_done(seen):
    fail(seen, order())
    assert not retrying.retry("default")  # not yet
    assert len(seen) == 1
    due_now()
    assert not retrying.retry("default")
    assert len(seen) == 2
    row = Inbox.objects.get()
    assert (row.due_at, row.body, row.reason) == (None, None, "")
    due_now()
    assert not retrying.retry("default")
    assert len(seen) == 2


def test_by_then_a_newer_version_may_be_there(seen):
    event = order()
    fail(seen, event)
    consuming.receive([body(order(c.OrderCancelled, version=2, id=event.order_id))], "products")
    due_now()
    retrying.retry("default")
    assert [event.version for event in seen] == [1, 2]
    assert not Inbox.objects.filter(due_at__isnull=False).exists()


def test_it_waits_longer_and_dies_in_the_end(seen):
    event = order()
    fail(seen, event)
    seen.errors = [ValueError("again"), ValueError("the last time")]
    due_now()
    retrying.retry("default")
    row = Inbox.objects.get()
    assert row.attempts == 2
    assert 1 < (row.due_at - timezone.now()).total_seconds() <= 2
    due_now()
    retrying.retry("default")
    letter = DeadLetter.objects.get()
    assert (letter.attempts, letter.consumer, letter.type) == (3, "products", event.TYPE)
    assert "the last time" in letter.reason
    assert Inbox.objects.get().due_at is None
    assert retrying.replay("default", letter.id).startswith("will be tried")
    assert retrying.replay("default", letter.id) == "replayed before"
    retrying.retry("default")
    assert len(seen) == 4
    consuming.receive([letter.body], "products")
    assert len(seen) == 4


def test_one_that_dies_again_is_one_letter_again(seen):
    fail(seen, order())
    Inbox.objects.update(attempts=2)
    for _ in range(2):
        seen.errors = [ValueError("no")]
        due_now()
        retrying.retry("default")
        letter = DeadLetter.objects.get()
        assert letter.replayed_at is None
        retrying.replay("default", letter.id)
        Inbox.objects.update(attempts=2)


def test_one_whose_handler_is_gone_dies_at_once(seen):
    fail(seen, order())
    handlers._handlers.clear()
    due_now()
    retrying.retry("default")
    letter = DeadLetter.objects.get()
    assert "no handler" in letter.reason
    with pytest.raises(Malformed):
        retrying.replay("default", letter.id)
    assert DeadLetter.objects.get().replayed_at is None


def test_a_full_turn_says_so(seen, monkeypatch):
    monkeypatch.setattr(retrying, "AT_ONCE", 1)
    fail(seen, order())
    due_now()
    assert retrying.retry("default")


def test_without_a_database_nothing_changes(seen, monkeypatch):
    fail(seen, order())
    due_now()
    real = databases.run

    def away(*args, **options):
        raise DatabaseAway("no primary")

    monkeypatch.setattr(databases, "run", away)
    assert not retrying.retry("default")
    assert Inbox.objects.get().attempts == 1

    def away_after_the_try(alias, work, *args):
        monkeypatch.setattr(databases, "run", away)
        return real(alias, work)

    monkeypatch.setattr(databases, "run", away_after_the_try)
    seen.errors = [ValueError("no")]
    retrying.retry("default")
    assert Inbox.objects.get().attempts == 1


def another_worker_is_faster(monkeypatch):
    """Between the end of a failed try, which takes its lock along, and its being counted, somebody else tries."""
    real = retrying._failed

    def failed(alias, row, error):
        monkeypatch.setattr(retrying, "_failed", real)
        retrying.retry(alias)
        real(alias, row, error)

    monkeypatch.setattr(retrying, "_failed", failed)


@pytest.mark.parametrize("attempts", [1, 2])  # after this the try that fails is the second, or the last one
def test_a_failure_that_comes_too_late_undoes_nothing(seen, monkeypatch, attempts):
    fail(seen, order())
    Inbox.objects.update(attempts=attempts)
    due_now()
    seen.errors = [ValueError("of the slow one")]
    another_worker_is_faster(monkeypatch)
    died = metrics.DEAD.labels("failed")._value.get()
    retrying.retry("default")
    assert len(seen) == 3
    row = Inbox.objects.get()
    assert (row.due_at, row.body, row.reason) == (None, None, "")
    assert not DeadLetter.objects.exists()
    assert metrics.DEAD.labels("failed")._value.get() == died


def test_two_failures_of_one_time_count_once(seen, monkeypatch):
    fail(seen, order())
    due_now()
    seen.errors = [ValueError("of the slow one"), ValueError("of the fast one")]
    another_worker_is_faster(monkeypatch)
    retrying.retry("default")
    row = Inbox.objects.get()
    assert row.attempts == 2
    assert "of the fast one" in row.reason


def test_one_that_is_due_without_a_body_is_done_and_holds_up_nothing(seen):
    fail(seen, order())
    Inbox.objects.update(due_at=None, body=None)
    fail(seen, order())
    due_now()
    Inbox.objects.filter(body__isnull=True).update(due_at=timezone.now() - timedelta(hours=1))
    retrying.retry("default")
    assert len(seen) == 3
    assert not Inbox.objects.filter(due_at__isnull=False).exists()
    assert not DeadLetter.objects.exists()


def test_what_events_share_is_written_first_here_too(settings):
    settings.FLOTILLA = Env(service="products", bus_attempts=3)
    calls, errors = [], [ValueError("at first")]

    def handle(event):
        calls.append("handled")
        if errors:
            raise errors.pop()

    handlers.on(c.OrderPlaced, before=lambda events: calls.append(f"before {len(events)}"))(handle)
    consuming.receive([body(order())], "products")
    due_now()
    retrying.retry("default")
    assert calls == ["before 1", "handled"] * 2
