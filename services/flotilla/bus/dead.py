"""Dead letters: what a consumer has given up. They stay, and are counted, until somebody replays them (`retrying`)."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import DataError, transaction

from flotilla.bus.models import DeadLetter
from flotilla.events.data import keepable
from flotilla.events.envelope import known_id

AGAIN = ["type", "body", "reason", "attempts", "last_at", "replayed_at"]  # of one that dies a second time


def bury(alias: str, body: Any, consumer: str, reason: str, *, attempts: int) -> None:
    """Write it down, inside the caller's transaction."""
    letter = DeadLetter(
        event_id=known_id(body) or _digest(body),
        consumer=consumer,
        type=keepable(type_of(body))[:80],
        body=_unreadable(body) if body is None else body,  # as None it would be no JSON, but NULL
        reason=keepable(reason),
        attempts=attempts,
    )
    try:
        with transaction.atomic(using=alias):
            _upsert(alias, letter)
    except DataError:  # JSON that Postgres does not take: NUL, half of a surrogate pair
        letter.body = _unreadable(body)
        _upsert(alias, letter)


def type_of(body: Any) -> str:
    """What it calls itself, however malformed."""
    type = body.get("type") if isinstance(body, dict) else None
    return type if isinstance(type, str) else ""


def _upsert(alias: str, letter: DeadLetter) -> None:
    DeadLetter.objects.using(alias).bulk_create(
        [letter], update_conflicts=True, unique_fields=["event_id", "consumer"], update_fields=AGAIN
    )


def _digest(body: Any) -> UUID:
    """Of one that has no id: the same body is the same letter."""
    return UUID(bytes=hashlib.sha256(_text(body).encode()).digest()[:16])


def _unreadable(body: Any) -> dict[str, str]:
    return {"unreadable": _text(body).replace("\\u", "/u")}


def _text(body: Any) -> str:
    return json.dumps(body, sort_keys=True)
