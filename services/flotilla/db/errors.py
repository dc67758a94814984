"""What a database error says of the statement: not executed, lost, in conflict, or its own fault. Django-free.

Read from SQLSTATEs (PostgreSQL appendix A) and from PgBouncer's messages, which share one SQLSTATE (08P01).
"""

from enum import Enum


class Kind(Enum):
    """What may be done about an error."""

    NOT_EXECUTED = "not executed"  # the statement certainly did nothing: it may be sent again
    LOST = "lost"  # no answer: the statement may or may not have been executed
    CONFLICT = "conflict"  # the transaction lost against another: the whole of it may be run again
    FULL = "full"  # the server has no room for it, and has taken the transaction back: later there may be some
    OTHER = "other"  # the statement's or the configuration's own fault


# 57P03 cannot_connect_now, 53300 too_many_connections, 25006 read_only_sql_transaction (a demoted primary)
NOT_EXECUTED_STATES = frozenset({"57P03", "53300", "25006"})
# 57P01 admin_shutdown, 57P02 crash_shutdown, 57P05 idle_session_timeout; class 08 is connection_exception;
# 25P03 idle_in_transaction_session_timeout: this process stood still (paused, no CPU) and lost its transaction
LOST_STATES = frozenset({"57P01", "57P02", "57P05", "25P03"})
# 40001 serialization_failure (also a recovery conflict on a replica), 40P01 deadlock, 55P03 lock_not_available
CONFLICT_STATES = frozenset({"40001", "40P01", "55P03"})
FULL_STATES = frozenset({"53100"})  # disk_full
# What PgBouncer and libpq say when nothing has been handed to a server.
NOT_EXECUTED_WORDS = (
    "server login has been failing",
    "query_wait_timeout",
    "pgbouncer is shutting down",
    "server is shutting down",
    "no more connections allowed",
    "client_login_timeout",
    "database is paused",
    "connection refused",
    "connection timeout expired",
    "no route to host",
    "host is unreachable",
    "network is unreachable",
)


class AnswerTimeout(Exception):
    """Mixed into the driver's error when a server did not answer in time (a paused one never does)."""


def kind(error: BaseException) -> Kind:
    """Classify a psycopg error, or a Django one that wraps it."""
    cause = driver_error(error)
    state = getattr(cause, "sqlstate", None) or ""
    message = str(cause).lower()
    if state in NOT_EXECUTED_STATES or (_is_link(cause, state) and any(w in message for w in NOT_EXECUTED_WORDS)):
        return Kind.NOT_EXECUTED
    if state in CONFLICT_STATES:
        return Kind.CONFLICT
    if state in FULL_STATES:
        return Kind.FULL
    return Kind.LOST if state in LOST_STATES or _is_link(cause, state) else Kind.OTHER


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error under Django's."""
    cause = error.__cause__
    return cause if cause is not None and type(error).__module__.startswith("django.") else error


def in_short(error: BaseException) -> str:
    """For a log: the first line. The rest may quote values of a row."""
    return str(error).partition("\n")[0]


def is_only_slow(error: BaseException) -> bool:
    """Whether overload, or a lock, may be all that is wrong."""
    cause = driver_error(error)
    busy = getattr(cause, "sqlstate", None) == "53300" or "query_wait_timeout" in str(cause)
    return isinstance(cause, AnswerTimeout) or busy


def is_waiting(error: BaseException) -> bool:
    """Whether the row that this one waited for is still another transaction's."""
    return getattr(driver_error(error), "sqlstate", None) == "55P03"


def is_connection_problem(error: BaseException) -> bool:
    """Whether another connection may do better."""
    return kind(error) in {Kind.NOT_EXECUTED, Kind.LOST}


def _is_link(error: BaseException, state: str) -> bool:
    """A broken or refused link: class 08, or no SQLSTATE at all on an error that is not about usage.

    An InternalError without one is the driver's own: two answers to one BEGIN, when a server ends just then.
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    said_nothing = not state and names & {"OperationalError", "InterfaceError", "InternalError"}
    return state.startswith("08") or bool(said_nothing)
