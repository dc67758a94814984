"""The database engine: PostgreSQL through PgBouncer, where a primary that is gone makes writes wait, not fail.

What may be sent again, and what not:
- the first statement of a transaction: always, as nothing has been executed yet;
- a statement of its own (autocommit): when it certainly was not executed;
- COMMIT: never. Its lost answer is `CommitInDoubt`; the request keys find out.
"""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django.db.utils import Error, OperationalError

from flotilla import context, metrics
from flotilla.db import aliases, errors, primaries, replicas
from flotilla.db.backend.connection import BoundedConnection, PoolerSilent, connect
from flotilla.db.errors import Kind
from flotilla.db.hosts import book

PING_SECONDS = 1.0
COMMIT_SECONDS = 8.0  # then its connection is dropped, never cancelled; the key's claim waits for what became of it
PAUSES = (0.0, 0.05, 0.1, 0.2, 0.5)  # between attempts while the prober says there is a primary


class PrimaryUnavailable(OperationalError):
    """No primary within the time that the request may wait. Nothing was executed."""


class CommitInDoubt(OperationalError):
    """A COMMIT was sent and its answer was lost."""


class ResendingCursor(CursorWrapper):
    """Sends through the wrapper, which may replace the connection."""

    def _execute(self, sql: Any, params: Any, *ignored: Any) -> Any:
        return self.db.send(self, sql, lambda: CursorWrapper._execute(self, sql, params))

    def _executemany(self, sql: Any, param_list: Any, *ignored: Any) -> Any:
        return self.db.send(self, sql, lambda: CursorWrapper._executemany(self, sql, param_list))


class ResendingDebugCursor(CursorDebugWrapper, ResendingCursor):
    """The same with Django's query log."""


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection to one alias."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._sent = False  # whether the current transaction has executed a statement
        self._proven = False  # whether this connection has answered since the request began
        self._attempts = 0

    @property
    def is_primary(self) -> bool:
        return aliases.is_primary(self.alias)

    # -- Connecting

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params.pop("read_seconds", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """A connection, waited for when the request may wait."""
        self.isolation_level = base.IsolationLevel.READ_COMMITTED
        while True:
            try:
                connection = connect(conn_params)
            except psycopg.OperationalError as error:
                if not errors.is_connection_problem(error):
                    raise
                self._failed(error)
                self._hold(error)
            else:
                self._proven = True
                connection.read_seconds = self.settings_dict["OPTIONS"]["read_seconds"]
                connection.is_lost = self._is_lost
                return connection

    def _is_lost(self) -> bool:
        """A read that takes long: whether the node's poller gets no answer either. Writes wait for their answer."""
        pool = replicas.pool()
        pool.hurry()
        if not self.is_primary:
            return pool.is_down(aliases.node_of(self.alias))
        return context.current_policy() is context.Policy.FAIL_FAST and pool.has_lost_primary()

    def close_if_unusable_or_obsolete(self) -> None:
        self._proven = False
        self._attempts = 0
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        with self.connection.limited(PING_SECONDS):
            return super().is_usable()

    # -- Statements

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return ResendingCursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> CursorWrapper:
        return ResendingDebugCursor(cursor, self)

    def send(self, wrapper: CursorWrapper, sql: Any, execute: Callable[[], Any]) -> Any:
        """Execute a statement; replace a dead connection and send again where that is safe."""
        self._leave_failed_pooler(wrapper)
        while True:
            try:
                result = execute()
            except Error as error:
                if not errors.is_connection_problem(error):
                    self._sent = True
                    raise
                self._replace_or_raise(sql, error)
                wrapper.cursor = self.create_cursor()
            else:
                self._succeeded()
                return result

    def _leave_failed_pooler(self, wrapper: CursorWrapper) -> None:
        """Somebody has found this connection's pooler silent: before anything is sent, move to another one."""
        if not self._sent and book.is_worse(self.connection.pooler, self.settings_dict["HOST"].split(",")):
            self._replace()
            wrapper.cursor = self.create_cursor()

    def _replace_or_raise(self, sql: Any, error: Error) -> None:
        """A kept connection that died while idle says nothing about the server: it is replaced at once, one time.

        Nor does a silent pooler: the next connection goes to another one.
        """
        cause = errors.driver_error(error)
        silent = isinstance(cause, errors.AnswerTimeout)
        stale, self._proven = isinstance(cause, PoolerSilent) or (not self._proven and not silent), True
        if not self._may_resend(errors.kind(error), sql, stale):
            self._failed(error)
            self._sent = True
            raise error
        if not stale:
            self._failed(error)
            self._hold(error)
        self._replace()

    def _may_resend(self, kind: Kind, sql: Any, stale: bool) -> bool:
        if self._sent:
            return False
        if kind is Kind.NOT_EXECUTED or not self.autocommit:
            return True
        # The whole of a safe request may be run again, so may one of its reads.
        safe = context.current() is not None and context.current_policy() is context.Policy.FAIL_FAST
        return stale and safe and str(sql).lstrip()[:6].upper() == "SELECT"

    def _succeeded(self) -> None:
        self._proven = True
        self._sent = not self.autocommit
        self._attempts = 0
        state = context.current()
        if state is not None:
            state.aliases.add(self.alias)

    # -- Waiting

    def _failed(self, error: BaseException) -> None:
        """Tell the request and the process, so that others do not have to find out by waiting.

        Only who was refused knows something of the primary; for who got no answer the prober finds out.
        """
        state = context.current()
        if state is not None:
            state.avoid |= {self.alias, aliases.node_of(self.alias)}
        if isinstance(errors.driver_error(error), PoolerSilent):
            return
        if self.is_primary:
            primary = primaries.of(self.alias)
            (primary.suspect if errors.is_only_slow(error) else primary.mark_down)()
        else:
            replicas.pool().mark_down(aliases.node_of(self.alias))

    def _hold(self, error: BaseException) -> None:
        """Wait for a primary. Raises `error` itself where the policy is to fail fast."""
        state = context.current()
        if state is None or state.policy is not context.Policy.HOLD or not self.is_primary:
            raise error
        time.sleep(PAUSES[min(self._attempts, len(PAUSES) - 1)])
        self._attempts += 1
        with state.aside():
            found = primaries.of(self.alias).wait(state.hold_until)
        if not found:
            raise PrimaryUnavailable("there was no primary within the time this request may wait") from error

    def _replace(self) -> None:
        """Put a new connection in the place of a dead one, inside Django's idea of the transaction."""
        self.connection.close()
        with self.wrap_database_errors:
            self.connection = self.get_new_connection(self.get_connection_params())
            self.connection.autocommit = True
            self.init_connection_state()
            self.connection.autocommit = self.autocommit
        self.errors_occurred = False

    # -- Transactions

    def _set_autocommit(self, autocommit: bool) -> None:
        self._sent = False
        super()._set_autocommit(autocommit)

    def _commit(self) -> None:
        """COMMIT is never cancelled. In a request its answer is waited for so long that another run can find out."""
        connection, state = self.connection, context.current()
        if connection is None or connection.closed or not self._sent:
            return super()._commit()
        seconds = _commit_seconds(state.remaining()) if state else float("inf")
        if state is not None:
            state.commit_sent = True
        try:
            with connection.limited(seconds):
                return super()._commit()
        except Error as error:
            if not errors.is_connection_problem(error):
                raise
            self._failed(error)
            metrics.COMMITS_IN_DOUBT.inc()
            raise CommitInDoubt("the answer to COMMIT was lost") from error


def _commit_seconds(remaining: float) -> float:
    """Half of what is left is the next run's. Unbounded in jobs, which have no deadline."""
    return remaining if remaining == float("inf") else min(COMMIT_SECONDS, max(1.0, remaining / 2))
