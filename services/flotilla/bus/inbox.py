"""The three rules of a consumer, each one statement in the transaction of the effect: once, never backwards, later."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from flotilla.bus.models import Inbox
from flotilla.events.envelope import Envelope, to_json

CLAIM = (
    "INSERT INTO bus_inbox (event_id, consumer, received_at, attempts, reason) VALUES {rows}"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)
CLAIM_ROW = "(%s, %s, %s, 0, '')"
ADVANCE = (
    "INSERT INTO bus_entityversion (consumer, entity, subject, version) VALUES {rows}"
    " ON CONFLICT (consumer, entity, subject) DO UPDATE SET version = excluded.version"
    " WHERE bus_entityversion.version < excluded.version RETURNING entity, subject"
)
ADVANCE_ROW = "(%s, %s, %s, %s)"
CATCH_UP = (
    "INSERT INTO bus_entityversion (consumer, entity, subject, version) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (consumer, entity, subject) DO UPDATE SET version ="
    " CASE WHEN excluded.version > bus_entityversion.version THEN excluded.version ELSE bus_entityversion.version END"
    " RETURNING version"
)
LONGEST_PAUSE = 60


def claim(alias: str, ids: Iterable[UUID], consumer: str) -> set[UUID]:
    """Take events for this transaction; those that the consumer had not. Waits for another one that is at one of them.

    In the order of ids, whatever the order of arrival: two that claim the same ones wait for each other in no circle.
    """
    native, now = connections[alias].features.has_native_uuid_field, timezone.now()
    rows = [(id if native else id.hex, consumer, now) for id in sorted(ids)]
    found = _returned(alias, CLAIM.format(rows=_rows(CLAIM_ROW, rows)), rows)
    return {id if native else UUID(id) for (id,) in found}


def advance(alias: str, envelopes: Collection[Envelope], consumer: str) -> list[Envelope]:
    """Those that are newer than all that was applied to their entities, and now are the newest. No two of one entity.

    Locks the entities in their order, until the end of the transaction.
    """
    rows = sorted((consumer, *_entity(envelope), envelope.event.version) for envelope in envelopes)
    newest = set(_returned(alias, ADVANCE.format(rows=_rows(ADVANCE_ROW, rows)), rows))
    return [envelope for envelope in envelopes if _entity(envelope) in newest]


def catch_up(alias: str, envelope: Envelope, consumer: str) -> bool:
    """For a state that was asked for instead of told: whether no later event has been applied; no earlier one will be.

    Other than `advance` it says yes to the version that is there: what is asked for may mend what was told.
    """
    event = envelope.event
    with connections[alias].cursor() as cursor:
        cursor.execute(CATCH_UP, [consumer, envelope.entity, event.subject, event.version])
        return cursor.fetchone()[0] == event.version


def _entity(envelope: Envelope) -> tuple[str, str]:
    return envelope.entity, envelope.event.subject


def _rows(row: str, rows: list[tuple[Any, ...]]) -> str:
    return ", ".join([row] * len(rows))


def _returned(alias: str, sql: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])
        return cursor.fetchall()


def keep(alias: str, envelope: Envelope, consumer: str, reason: str) -> None:
    """Its handler failed: it is tried again from here. When the consumer has it by now, nothing."""
    due = timezone.now() + pause(1)
    row = Inbox(event_id=envelope.id, consumer=consumer, due_at=due, attempts=1, body=to_json(envelope), reason=reason)
    Inbox.objects.using(alias).bulk_create([row], ignore_conflicts=True)


def pause(attempts: int) -> timedelta:
    """1, 2, 4 ... seconds, a minute at most."""
    return timedelta(seconds=min(2 ** (attempts - 1), LONGEST_PAUSE))
