"""Receiving: once, never backwards, failing ones apart, malformed ones aside, nothing confirmed that is not kept."""

import re

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, connection

from flotilla import context
from flotilla.bus import consuming, databases, dead, handlers, inbox
from flotilla.bus.databases import DatabaseAway
from flotilla.bus.models import DeadLetter, EntityVersion, Inbox
from flotilla.db.backend.base import PrimaryUnavailable
from flotilla.events import contracts as c
from flotilla.events import envelope
from flotilla.tests.bus.making import body, handled, order

pytestmark = pytest.mark.django_db


def receive(*bodies):
    return {source: [str(id) for id in ids] for source, ids in consuming.receive(list(bodies), "products").items()}


def test_an_event_has_its_effect_once():
    seen, sent = handled("products"), body(order())
    for _ in range(2):
        assert receive(sent) == {"orders": [sent["id"]]}
    assert receive(sent, sent) == {"orders": [sent["id"]] * 2}
    assert len(seen) == 1
    assert Inbox.objects.get().due_at is None
    EntityVersion.objects.all().delete()  # the inbox alone would do
    receive(sent)
    assert len(seen) == 1


def test_an_older_version_is_taken_and_not_applied():
    seen, old, new = handled("products"), order(version=1), order(c.OrderCancelled, version=2)
    old, new = (body(event) for event in (old, order(c.OrderCancelled, version=2, id=old.order_id)))
    receive(new)
    assert receive(old) == {"orders": [old["id"]]}
    assert [event.version for event in seen] == [2]
    assert EntityVersion.objects.get().version == 2
    # The inbox forgets after a while, the version does not.
    Inbox.objects.all().delete()
    receive(new)
    assert len(seen) == 1


def test_handlers_see_the_request_and_the_version_order_of_a_message():
    ids, seen = [], handled("products")
    handlers._handlers.clear()
    handlers.on(*handlers.consumed_by("products"), consumer="products")(
        lambda event: (seen(event), ids.append(context.current().request_id))
    )
    first = order()
    second = order(c.OrderConfirmed, version=2, id=first.order_id)
    receive(body(first, "r-1"), body(order(), "r-2"), body(second, "r-3"))
    assert [event.version for event in seen if event.order_id == first.order_id] == [1, 2]
    assert sorted(ids) == ["r-1", "r-2", "r-3"]


def test_handlers_are_called_in_the_order_of_entities():
    """As others lock the same rows; whatever the order of sending."""
    seen = handled("products")
    receive(*sorted((body(order()) for _ in range(9)), key=lambda one: one["subject"], reverse=True))
    subjects = [event.subject for event in seen]
    assert len(subjects) == 9
    assert subjects == sorted(subjects)


def entities_of(statement):
    """What an upsert of versions names, in its order: one of each four values, which SQLite shows in place."""
    return re.findall(r"'orders\.order', '([0-9a-f-]{36})'", statement)


def test_two_messages_that_share_entities_lock_them_in_one_order(django_assert_num_queries):
    handled("products")
    sent = sorted((body(order()) for _ in range(9)), key=lambda one: one["subject"], reverse=True)
    with django_assert_num_queries(4) as asked:  # two of them begin and end the transaction
        receive(*sent)
    [subjects] = filter(None, (entities_of(one["sql"]) for one in asked))
    assert subjects == sorted(one["subject"] for one in sent)


def cause(subject):
    return context.current().cause(subject)


def test_a_handler_of_many_gets_those_that_are_news_no_two_of_one_entity():
    calls, ids = [], []
    handlers.on(c.OrderPlaced, c.OrderCancelled, together=True)(
        lambda events: (calls.append(events), ids.append([cause(event.subject) for event in (*events, old)]))
    )
    first, other = sorted((order(), order()), key=lambda event: event.subject)
    old, known = order(version=3), order()
    second = order(c.OrderCancelled, version=2, id=first.order_id)
    receive(body(order(version=4, id=old.order_id)), again := body(known))
    sent = [body(first, "r-1"), body(other, "r-2"), body(second, "r-3"), body(old), again, again]
    assert len(receive(*sent)["orders"]) == 6
    assert calls[1:] == [[first, other], [second]]
    assert ids[-2:] == [["r-1", "r-2", "bus"], ["r-3", "r-3"]]
    assert EntityVersion.objects.get(subject=old.subject).version == 4


def test_of_many_together_only_the_one_that_fails_is_kept_for_later():
    good, bad = order(), order()

    def refuse(events):
        if bad in events:
            raise ValueError("not this one")

    handlers.on(c.OrderPlaced, together=True)(refuse)
    assert len(receive(body(good), body(bad))["orders"]) == 2
    assert "not this one" in Inbox.objects.get(due_at__isnull=False).reason
    assert EntityVersion.objects.get().subject == good.subject


def test_one_that_fails_is_kept_apart_and_taken():
    seen = handled("products")
    bad, good = sorted((body(order()), body(order())), key=lambda sent: sent["subject"])
    seen.errors = [ValueError("first, in the batch"), ValueError("again, alone")]
    assert set(receive(bad, good)["orders"]) == {bad["id"], good["id"]}
    kept = Inbox.objects.get(due_at__isnull=False)
    assert str(kept.event_id) == bad["id"]
    assert kept.body == bad
    assert "again, alone" in kept.reason
    assert EntityVersion.objects.count() == 1
    calls = len(seen)
    receive(bad)  # it is known: its time has not come
    assert len(seen) == calls
    assert Inbox.objects.get(due_at__isnull=False).attempts == 1


def test_what_is_no_event_becomes_a_dead_letter():
    sent = body(order())
    handled("products", c.OrderPlaced)
    stranger = body(order(c.OrderArchived))
    taken = receive({**sent, "type": "orders.order.painted.v9"}, stranger, "text", {"type": "x", "id": sent["id"]})
    assert taken == {"orders": [sent["id"], stranger["id"]]}
    letters = {letter.reason for letter in DeadLetter.objects.all()}
    assert any("no handler" in reason for reason in letters)
    assert any("not an object" in reason for reason in letters)
    receive("text")
    assert DeadLetter.objects.filter(type="").count() == 1  # the same body is the same letter


@pytest.mark.parametrize("text", ["a\0b", "\ud83d"])
def test_what_no_database_takes_is_given_up_at_once_and_keeps_nothing_from_the_others(text):
    seen, good, bad = handled("products"), body(order()), body(order())
    bad["data"]["reason"] = text
    odd = body(order())
    odd["data"][text] = 1
    taken = receive(bad, odd, {"type": text}, None, good)
    assert set(taken["orders"]) == {bad["id"], odd["id"], good["id"]}
    assert [event.subject for event in seen] == [good["subject"]]
    reasons = {str(letter.event_id): letter.reason for letter in DeadLetter.objects.all()}
    assert "data.reason has NUL" in reasons[bad["id"]]
    assert "has unknown" in reasons[odd["id"]]
    assert len(reasons) == 4
    assert not Inbox.objects.filter(due_at__isnull=False).exists()


@pytest.mark.parametrize("bodies", [7, None, "text", {"id": 1}])
def test_a_message_that_is_no_list_is_one_dead_letter(bodies):
    assert consuming.receive(bodies, "products") == {}
    letter = DeadLetter.objects.get()
    assert letter.body == ({"unreadable": "null"} if bodies is None else bodies)


def test_an_error_that_quotes_what_no_database_takes_is_kept_all_the_same():
    handled("products").errors = [ValueError("a\0b\ud83dc")]
    sent = body(order())
    assert receive(sent) == {"orders": [sent["id"]]}
    assert "ValueError: abc" in Inbox.objects.get(due_at__isnull=False).reason


def test_a_body_that_postgres_cannot_keep_is_kept_as_text(monkeypatch):
    upsert = dead._upsert

    def refuse(alias, letter):
        if "unreadable" not in letter.body:
            raise DataError("unsupported Unicode escape sequence")
        upsert(alias, letter)

    monkeypatch.setattr(dead, "_upsert", refuse)
    receive({"nul": "\0"})
    assert DeadLetter.objects.get().body == {"unreadable": '{"nul": "/u0000"}'}


@pytest.mark.parametrize("count", [1, 2])
def test_without_a_database_nothing_is_taken(monkeypatch, count):
    handled("products")

    def away(*args, **options):
        raise DatabaseAway("no primary")

    monkeypatch.setattr(databases, "run", away)
    assert receive(*(body(order()) for _ in range(count))) == {}
    assert receive("text") == {}


def test_two_handlers_of_one_event_are_a_mistake():
    handled("products")
    with pytest.raises(ValueError, match="two handlers"):
        handlers.on(c.OrderPlaced)(print)
    assert handlers.missing("products") == []
    assert "users.user.deleted.v1" in handlers.missing("orders")


def test_effects_go_to_the_database_that_they_belong_to():
    asked = []
    handlers.on(c.OrderPlaced, alias_of=lambda event: asked.append(event) or "default")(lambda event: None)
    receive(body(order()))
    assert len(asked) == 1


# -- Running work in a transaction -------------------------------------------------------------------------------------


def lost():
    error = OperationalError("server closed the connection")
    error.__cause__ = psycopg.OperationalError("server closed the connection")
    return error


def conflict():
    error = OperationalError("deadlock detected")
    error.__cause__ = psycopg.errors.DeadlockDetected("deadlock detected")
    return error


def full():
    error = OperationalError("could not extend file")
    error.__cause__ = psycopg.errors.DiskFull("could not extend file")
    return error


def failing(errors):
    def work():
        assert context.current().policy is context.Policy.HOLD
        assert connection.in_atomic_block
        if errors:
            raise errors.pop(0)
        return "done"

    return work


def test_work_is_run_again_when_the_database_was_at_fault(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert databases.run("default", failing([lost(), conflict()])) == "done"
    with pytest.raises(IntegrityError):
        databases.run("default", failing([IntegrityError()]))
    with pytest.raises(OperationalError, match="deadlock"):
        databases.run("default", failing([conflict() for _ in range(10)]))


def test_a_server_without_room_is_asked_less_often(monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    assert databases.run("default", failing([full(), lost()])) == "done"
    assert pauses[0] >= 1 > pauses[1]


def test_without_a_primary_in_time_the_database_is_away(settings):
    with pytest.raises(DatabaseAway, match="none"):
        databases.run("default", failing([PrimaryUnavailable("none")]))
    with pytest.raises(DatabaseAway, match="server closed"):
        databases.run("default", failing([lost() for _ in range(100)]))


def test_pauses_grow_to_a_minute():
    assert [inbox.pause(n).total_seconds() for n in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]


class Cursor:
    """Postgres', as far as the library's own statements go."""

    said, answers = [], []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def execute(self, sql, values):
        self.said.append((sql, values))

    def fetchone(self):
        return self.answers.pop(0)


def test_on_postgres_the_lock_is_asked_for(monkeypatch):
    assert databases.take("default").tzinfo
    Cursor.said, Cursor.answers = [], [(True, "now"), (False, "now")]
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", Cursor)
        patch.setattr(connection, "vendor", "postgresql")
        assert databases.take("default") == "now"
        assert databases.take("default") is None
    assert Cursor.said == [(databases.TAKE, [databases.LOCK])] * 2


# -- What a transaction begins with, and what is asked for instead of told ---------------------------------------------


def test_what_events_share_is_written_before_one_of_them_locks_anything():
    calls, ids = [], []

    def before(events):
        calls.append("before")
        ids.append([str(event.order_id) for event in events])
        assert not Inbox.objects.filter(due_at=None).exists()

    handlers.on(c.OrderPlaced, c.OrderCancelled, before=before)(lambda event: calls.append("handled"))
    handlers.on(c.OrderConfirmed)(lambda event: calls.append("other"))
    sent = [body(order()), body(order(c.OrderCancelled)), body(order(c.OrderConfirmed))]
    sent.sort(key=lambda one: one["subject"], reverse=True)
    receive(*sent)
    assert sorted(calls) == ["before", "handled", "handled", "other"]
    assert calls[0] == "before"
    # In the order of arrival: of two that disagree on what they share, the later one is believed.
    assert ids == [[one["subject"] for one in sent if one["type"] != "orders.order.confirmed.v1"]]


def test_when_that_fails_each_event_is_kept_for_later():
    def before(events):
        raise ValueError("no room")

    handlers.on(c.OrderPlaced, before=before)(lambda event: None)
    sent = [body(order()), body(order())]
    assert set(receive(*sent)["orders"]) == {one["id"] for one in sent}
    assert Inbox.objects.filter(due_at__isnull=False, reason__contains="no room").count() == 2
    assert not EntityVersion.objects.exists()


def test_a_state_that_was_asked_for_does_not_undo_a_later_event():
    seen, event = handled("products"), order(version=3)
    told = envelope.build(event, request_id="r-1")
    assert inbox.catch_up("default", told, "products")
    assert inbox.catch_up("default", told, "products")  # what is there may be mended
    receive(body(event))
    assert seen == []  # it is known by now
    receive(body(order(c.OrderCancelled, version=4, id=event.order_id)))
    assert not inbox.catch_up("default", told, "products")
    assert EntityVersion.objects.get().version == 4
