"""The databases that hold a service's bus tables, and how the bus works in them."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import Error, connections, transaction
from django.utils import timezone

from flotilla import context
from flotilla.db import errors
from flotilla.db.aliases import primaries
from flotilla.db.backend.base import PrimaryUnavailable
from flotilla.db.errors import Kind

LOCK = 7_364_052  # any constant: whoever holds it relays, one process for each database
BEYOND_SECONDS = 30.0  # what work may take beyond its wait for a primary; the engine bounds each statement of it
CONFLICTS = 5  # then it is not bad luck
PAUSE_SECONDS = (0.01, 0.1)
FULL_SECONDS = (1.0, 2.0)  # a server that has no room is not asked more often

TAKE = "SELECT pg_try_advisory_xact_lock(%s), now()"


class DatabaseAway(Exception):
    """No primary in time, or it was lost again and again. Nothing is known to have been done."""


def aliases() -> list[str]:
    """Every database of the service, without the replicas of it."""
    return primaries(settings.DATABASES)


@contextmanager
def working(request_id: str = "bus", causes: dict[str, str] | None = None) -> Iterator[context.RequestState]:
    """Inside, database work waits for a primary as a held write does, and each statement is bounded as a request's."""
    now, hold = time.monotonic(), settings.FLOTILLA.write_hold_seconds
    state = context.RequestState(
        request_id=request_id,
        policy=context.Policy.HOLD,
        hold_until=now + hold,
        deadline=now + hold + BEYOND_SECONDS,
        causes=causes or {},
    )
    with context.use(state):
        yield state


def run[T](alias: str, work: Callable[[], T], request_id: str = "bus") -> T:
    """The result of `work` in a transaction of its own, run again while the database is at fault and not the work.

    So `work` may be called several times, of which one at most has effect. Raises DatabaseAway, or what `work` raised.
    """
    conflicts = 0
    with working(request_id) as state:
        while True:
            try:
                with transaction.atomic(using=alias):
                    return work()
            except PrimaryUnavailable as error:
                raise DatabaseAway(errors.in_short(error)) from error
            except Error as error:
                kind = errors.kind(error)
                conflicts += kind is Kind.CONFLICT
                if kind is Kind.OTHER or conflicts > CONFLICTS:
                    raise
                if time.monotonic() > state.hold_until:
                    raise DatabaseAway(errors.in_short(error)) from error
            time.sleep(random.uniform(*FULL_SECONDS if kind is Kind.FULL else PAUSE_SECONDS))


def take(alias: str) -> datetime | None:
    """Become the one that relays, until the end of this transaction: its time, or None while somebody else does.

    The lock is the transaction's: a pooler in transaction mode may hand the session's to somebody else. The server ends
    the transaction of a process that has frozen (idle_in_transaction_session_timeout, a default of the role).
    """
    if connections[alias].vendor != "postgresql":
        return timezone.now()
    with connections[alias].cursor() as cursor:
        cursor.execute(TAKE, [LOCK])
        taken, now = cursor.fetchone()
    return now if taken else None


def let_go() -> None:
    """Between two turns of a thread that lives long: what has died or grown old is replaced at its next use."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
