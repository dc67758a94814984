"""Running a job's work and writing its stamp, one process at a time, over all databases of the service."""

from collections.abc import Callable
from contextlib import ExitStack

from django.conf import settings
from django.db import connections, transaction

from flotilla import context
from flotilla.db.aliases import primaries
from flotilla.jobs import stamps

HOLD_SECONDS = 120.0
LOCK = 7_364_051  # any constant: the key of this library's one advisory lock
# The lock is the transaction's: a pooler in transaction mode may hand the session's to somebody else. Work that goes
# from shard to shard leaves each transaction alone meanwhile: longer than the role's own limit.
TAKE = "SET LOCAL idle_in_transaction_session_timeout = '120s'; SELECT pg_advisory_xact_lock(%s)"


def run_once(job: str, stamp: str, work: Callable[[], None]) -> bool:
    """Do `work` unless the stamps say it is done; both in one transaction in each database. Whether it was done now.

    Several databases commit one after the other: work must be able to find some of them done.
    """
    aliases = primaries(settings.DATABASES)
    with context.holding(HOLD_SECONDS), ExitStack() as locked:
        for alias in aliases:  # in the same order in every process: they wait for each other, and do not deadlock
            locked.enter_context(transaction.atomic(using=alias))
            _take(alias)
        if all(_stamp(alias, job) == stamp for alias in aliases):
            return False
        work()
        for alias in aliases:
            with connections[alias].cursor() as cursor:
                stamps.write(cursor, job, stamp)
    return True


def is_done(job: str, stamp: str) -> bool:
    """Whether a run would find nothing to do. Does not wait for one that is under way."""
    with context.holding(HOLD_SECONDS):
        return all(_stamp(alias, job) == stamp for alias in primaries(settings.DATABASES))


def _take(alias: str) -> None:
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute(TAKE, [LOCK])


def _stamp(alias: str, job: str) -> str | None:
    with connections[alias].cursor() as cursor:
        cursor.execute(stamps.TABLE)
        return stamps.read(cursor, job)
