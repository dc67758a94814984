"""manage.py bus and manage.py deadletter, and old rows."""

import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from flotilla.bus import confirming, consuming, pruning, worker
from flotilla.bus.models import DeadLetter, Delivery, EntityVersion, Inbox, Outbox
from flotilla.events import contracts as c
from flotilla.tests.bus.making import body, handled, order, told

pytestmark = pytest.mark.django_db


def manage(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_status_tells_how_far_the_bus_is():
    handled("web").errors = [ValueError("no")]
    told(order(), order())
    confirming.confirm([Outbox.objects.first().id], "web")
    Delivery.objects.filter(queue="products").update(published_at=timezone.now())
    consuming.receive([body(order()), "no event"], "web")
    Inbox.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(hours=1))
    line = manage("bus", "status").splitlines()[1].replace(" s ", " ").split()
    numbers = [word for word in line if word.isdigit()]
    assert numbers[0] == "1"  # unpublished
    assert numbers[2] == "3"  # unconfirmed
    assert numbers[4] == "1"  # to try again
    assert 3600 <= int(numbers[5]) < 3700  # the seconds that it has been due
    assert numbers[6:] == ["1"]  # dead


def test_the_worker_command_ends_as_the_worker_does(monkeypatch):
    monkeypatch.setattr(worker, "run", lambda: 0)
    manage("bus", "worker")
    monkeypatch.setattr(worker, "run", lambda: 70)
    with pytest.raises(SystemExit) as ended:
        manage("bus", "worker")
    assert ended.value.code == 70
    monkeypatch.undo()
    with pytest.raises(CommandError, match="no handler") as refused:
        manage("bus", "worker")
    assert refused.value.returncode == 2


# -- Old rows ----------------------------------------------------------------------------------------------------------


TODAY = datetime.now(UTC)


def aged(id, days=8):
    """The id as if it had been made so many days ago."""
    past = pruning.floor(TODAY - timedelta(days=days))
    return uuid.UUID(int=past.int & ~((1 << 80) - 1) | id.int & (1 << 80) - 1)


def test_old_rows_go_when_nobody_needs_them(monkeypatch):
    old = timezone.now() - timedelta(days=8)
    told(*(order() for _ in range(4)))
    *ancient, fresh = Outbox.objects.order_by("id").values_list("id", flat=True)
    confirming.confirm([*ancient[:2], fresh], "web")
    confirming.confirm([*ancient[:2], fresh], "products")
    for id in ancient:
        event = Outbox.objects.get(id=id)
        event.id = aged(id)
        Delivery.objects.filter(event_id=id).delete()
        Outbox.objects.filter(id=id).delete()
        event.save(force_insert=True)
        Delivery.objects.create(event=event, queue="web", confirmed_at=None if id == ancient[2] else old)
    row = {"consumer": "web", "received_at": old}
    Inbox.objects.create(event_id=aged(fresh), **row)
    Inbox.objects.create(event_id=aged(fresh, 9), due_at=old, **row)
    Inbox.objects.create(event_id=aged(fresh, 10), consumer="web")  # heard of late
    DeadLetter.objects.create(event_id=fresh, consumer="web", body=1, replayed_at=old)
    DeadLetter.objects.create(event_id=fresh, consumer="products", body=1)
    monkeypatch.setattr(pruning, "AT_ONCE", 1)
    assert manage("bus", "prune") == "6 rows forgotten\n"
    assert set(Outbox.objects.values_list("id", flat=True)) == {aged(ancient[2]), fresh}
    assert Inbox.objects.count() == 2
    assert DeadLetter.objects.count() == 1
    assert manage("bus", "prune") == "0 rows forgotten\n"


# -- Dead letters ------------------------------------------------------------------------------------------------------


@pytest.fixture
def letters():
    """One of a type that nobody knows yet, and one without a handler."""
    consuming.receive([body(order()) | {"type": "orders.order.painted.v9"}, body(order())], "products")
    return list(DeadLetter.objects.order_by("id"))


def test_letters_are_listed_and_shown(letters):
    listed = manage("deadletter", "list").splitlines()
    assert [str(letter.id) for letter in letters] == [line.split()[0] for line in listed]
    assert "no handler" in listed[1]
    shown = manage("deadletter", "show", str(letters[1].id))
    assert str(letters[1].event_id) in shown
    assert '"specversion": "1.0"' in shown
    DeadLetter.objects.update(replayed_at=timezone.now(), reason="")
    assert manage("deadletter", "list") == ""
    assert manage("deadletter", "list", "--all").count("replayed") == 2


def test_letters_are_replayed_one_or_all_of_a_type(letters):
    with pytest.raises(CommandError, match="1 of 1 could not"):
        manage("deadletter", "replay", letters[1].type)
    handled("products")
    assert "will be tried" in manage("deadletter", "replay", letters[1].type)
    assert "replayed before" in manage("deadletter", "replay", str(letters[1].id))
    assert Inbox.objects.get(due_at__isnull=False).event_id == letters[1].event_id
    assert not EntityVersion.objects.exists()


@pytest.mark.parametrize("arguments", [("show",), ("replay",), ("show", "99"), ("replay", c.OrderArchived.TYPE)])
def test_what_is_not_there_is_said(arguments):
    with pytest.raises(CommandError, match="deadletter list") as refused:
        manage("deadletter", *arguments)
    assert refused.value.returncode == 2
