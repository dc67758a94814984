"""The three rules of a consumer, each one statement in the transaction of the effect: once, never backwards, later."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from flotilla.bus.models import Inbox
from flotilla.events.envelope import Envelope, to_json

CLAIM = (
    "INSERT INTO bus_inbox (event_id, consumer, received_at, attempts, reason) VALUES (%s, %s, %s, 0, '')"
    " ON CONFLICT DO NOTHING"
)
ADVANCE = (
    "INSERT INTO bus_entityversion (consumer, entity, subject, version) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (consumer, entity, subject) DO UPDATE SET version = excluded.version"
    " WHERE bus_entityversion.version < excluded.version"
)
CATCH_UP = (
    "INSERT INTO bus_entityversion (consumer, entity, subject, version) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (consumer, entity, subject) DO UPDATE SET version ="
    " CASE WHEN excluded.version > bus_entityversion.version THEN excluded.version ELSE bus_entityversion.version END"
    " RETURNING version"
)
LONGEST_PAUSE = 60


def claim(alias: str, id: UUID, consumer: str) -> bool:
    """Take the event for this transaction; False when the consumer has it. Waits for another one that is at it."""
    known = id if connections[alias].features.has_native_uuid_field else id.hex
    return _changed(alias, CLAIM, [known, consumer, timezone.now()])


def advance(alias: str, envelope: Envelope, consumer: str) -> bool:
    """Whether the event is newer than all that was applied to its entity; now it is the newest."""
    event = envelope.event
    return _changed(alias, ADVANCE, [consumer, envelope.entity, event.subject, event.version])


def catch_up(alias: str, envelope: Envelope, consumer: str) -> bool:
    """For a state that was asked for instead of told: whether no later event has been applied; no earlier one will be.

    Other than `advance` it says yes to the version that is there: what is asked for may mend what was told.
    """
    event = envelope.event
    with connections[alias].cursor() as cursor:
        cursor.execute(CATCH_UP, [consumer, envelope.entity, event.subject, event.version])
        return cursor.fetchone()[0] == event.version


def _changed(alias: str, sql: str, values: list[Any]) -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount == 1


def keep(alias: str, envelope: Envelope, consumer: str, reason: str) -> None:
    """Its handler failed: it is tried again from here. When the consumer has it by now, nothing."""
    due = timezone.now() + pause(1)
    row = Inbox(event_id=envelope.id, consumer=consumer, due_at=due, attempts=1, body=to_json(envelope), reason=reason)
    Inbox.objects.using(alias).bulk_create([row], ignore_conflicts=True)


def pause(attempts: int) -> timedelta:
    """1, 2, 4 ... seconds, a minute at most."""
    return timedelta(seconds=min(2 ** (attempts - 1), LONGEST_PAUSE))
