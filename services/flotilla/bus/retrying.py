"""Events whose handler failed: tried again from the consumer's database, where they hold up nothing else."""

import logging
from typing import Any

from django.conf import settings
from django.utils import timezone

from flotilla.bus import consuming, databases, dead, inbox, metrics
from flotilla.bus.databases import DatabaseAway
from flotilla.bus.models import DeadLetter, Inbox
from flotilla.events.envelope import Malformed

logger = logging.getLogger(__name__)

AT_ONCE = 50  # of one database, then it is the next one's turn


def retry(alias: str) -> bool:
    """Try what is due; whether more may be."""
    return all(_next(alias) for _ in range(AT_ONCE))


def _next(alias: str) -> bool:
    """One event; False when none is due."""
    taken: list[Inbox] = []
    try:
        databases.run(alias, lambda: _try(alias, taken))
    except DatabaseAway as error:
        logger.warning("events are tried again later: %s", error)
        return False
    except Exception as error:
        _failed(alias, taken[-1], error)
    return bool(taken)


def _try(alias: str, taken: list[Inbox]) -> None:
    """Inside a transaction: lock one, call its handler, and it is done. `taken` is told which one that was."""
    due = Inbox.objects.using(alias).filter(due_at__lte=timezone.now()).order_by("due_at")
    row = due.select_for_update(skip_locked=True).first()
    if row is None:
        return
    taken.append(row)
    if row.body is None:  # done: there is nothing left to try
        Inbox.objects.using(alias).filter(pk=row.pk).update(due_at=None)
        return
    known = consuming.read(row.body, row.consumer)
    consuming.prepare([known])
    [result] = consuming.apply(alias, [known], row.consumer)
    Inbox.objects.using(alias).filter(pk=row.pk).update(due_at=None, body=None, reason="")
    metrics.EVENTS.labels(result).inc()


def _failed(alias: str, row: Inbox, error: Exception) -> None:
    row.attempts += 1
    dies = row.attempts >= settings.FLOTILLA.bus_attempts or isinstance(error, Malformed)
    logger.warning("an event's try %d failed%s", row.attempts, ", the last one" if dies else "", exc_info=error)
    try:
        counted = databases.run(alias, lambda: (_die if dies else _later)(alias, row, consuming.summary(error)))
    except DatabaseAway as away:
        logger.warning("a failed try is not counted: %s", away)
        return
    if dies and counted:
        metrics.DEAD.labels("failed").inc()


def _later(alias: str, row: Inbox, reason: str) -> bool:
    due = timezone.now() + inbox.pause(row.attempts)
    return _put(alias, row, due_at=due, reason=reason)


def _die(alias: str, row: Inbox, reason: str) -> bool:
    died = _put(alias, row, due_at=None, body=None, reason=reason)
    if died:
        dead.bury(alias, row.body, row.consumer, reason, attempts=row.attempts)
    return died


def _put(alias: str, row: Inbox, **changes: Any) -> bool:
    """Whether the row was still as it was taken. Its lock went with the try: by now another worker may have done it."""
    as_taken = Inbox.objects.using(alias).filter(pk=row.pk, due_at=row.due_at)
    return as_taken.update(attempts=row.attempts, **changes) == 1


# -- Dead letters, by hand ---------------------------------------------------------------------------------------------


def replay(alias: str, id: int) -> str:
    """Hand it to the consumer anew; what became of that. Raises DeadLetter.DoesNotExist, Malformed."""
    return databases.run(alias, lambda: _replay(alias, id))


def _replay(alias: str, id: int) -> str:
    letter = DeadLetter.objects.using(alias).select_for_update().get(id=id)
    if letter.replayed_at is not None:
        return "replayed before"
    now = timezone.now()
    envelope, handler = consuming.read(letter.body, letter.consumer)
    again = {"due_at": now, "attempts": 0, "body": letter.body, "reason": ""}
    target = handler.alias_of(envelope.event)
    Inbox.objects.using(target).update_or_create(event_id=envelope.id, consumer=letter.consumer, defaults=again)
    DeadLetter.objects.using(alias).filter(id=id).update(replayed_at=now)
    return "will be tried within two seconds"
