"""Running a job's work and writing its stamp, one process at a time."""

from collections.abc import Callable

from django.db import connections, transaction

from flotilla import context
from flotilla.jobs import stamps

HOLD_SECONDS = 120.0
LOCK = 7_364_051  # any constant: the key of this library's one advisory lock


def run_once(job: str, stamp: str, work: Callable[[], None], using: str = "default") -> bool:
    """Do `work` unless the stamp says it is done; both in one transaction. Whether it was done now.

    The lock is the transaction's: a pooler in transaction mode may hand the session's to somebody else.
    """
    with context.holding(HOLD_SECONDS), transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            if connections[using].vendor == "postgresql":
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            cursor.execute(stamps.TABLE)
            if stamps.read(cursor, job) == stamp:
                return False
            work()
            stamps.write(cursor, job, stamp)
    return True


def is_done(job: str, stamp: str, using: str = "default") -> bool:
    """Whether a run would find nothing to do. Does not wait for one that is under way."""
    with context.holding(HOLD_SECONDS), connections[using].cursor() as cursor:
        cursor.execute(stamps.TABLE)
        return stamps.read(cursor, job) == stamp
