"""A psycopg connection that does not wait forever, and the opening of one over several hosts."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as psycopg_errors

from flotilla import context
from flotilla.db.errors import AnswerTimeout
from flotilla.db.hosts import HostBook, book

WATCH_SECONDS = 1.0  # and up to 2 s for the attempt: well within the time that a failure is remembered


class ServerSilent(psycopg.OperationalError, AnswerTimeout):
    """No answer in time. The connection is closed; nothing was cancelled."""


class BoundedConnection(psycopg.Connection[Any]):
    """Bounds each wait for the server inside requests.

    A paused server goes on acknowledging at TCP level, so neither keepalives nor TCP_USER_TIMEOUT ever fire; and a
    cancel request would wait at the same server, or worse, reach a COMMIT. So: wait, then drop the connection.
    """

    read_seconds = 3.0
    opened_with: dict[str, Any] | None = None  # to look after its host with, when it falls silent
    _limit: float | None = None

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("timeout", self._seconds())
        try:
            return super().wait(gen, *args, **kwargs)
        except psycopg_errors._WaitTimeout:
            host = self.info.host
            self.pgconn.finish()
            if self.opened_with is not None:
                book.failed(host)  # until a login there says otherwise: within milliseconds, if it is not the pooler
                watch(self.opened_with, host, book, pause=0.0)
            raise ServerSilent(f"no answer from {host} within {kwargs['timeout']:.1f} s") from None

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Other bounds for a while: a longer one for COMMIT, a shorter one for a ping."""
        before, self._limit = self._limit, seconds
        try:
            yield
        finally:
            self._limit = before

    def _seconds(self) -> float | None:
        """Unbounded (None) outside of requests: a migration may take its time."""
        limit = self._limit
        if limit is None:
            state = context.current()
            bounded = state is not None and state.deadline < float("inf")
            limit = max(0.1, min(self.read_seconds, state.remaining())) if state and bounded else float("inf")
        return None if limit == float("inf") else limit


def connect(params: dict[str, Any], hosts: HostBook = book, *, blame: bool = True) -> BoundedConnection:
    """Connect to the first of the hosts (`host="a,b"`) that answers. Raises the last one's error.

    Without `blame` a failure, or silence later, is held against no host: where a server behind it may be meant.
    """
    *others, last = hosts.order(params.get("host", "").split(","))
    for host in others:
        try:
            return _open(params, host, hosts, blame)
        except psycopg.OperationalError:
            continue
    return _open(params, last, hosts, blame)


def _open(params: dict[str, Any], host: str, hosts: HostBook, blame: bool) -> BoundedConnection:
    try:
        connection = BoundedConnection.connect(**params | {"host": host})
    except psycopg.OperationalError:
        if blame:
            hosts.failed(host)
            watch(params, host, hosts)
        raise
    hosts.worked(host)
    if blame:
        connection.opened_with = params
    return connection


def watch(params: dict[str, Any], host: str, hosts: HostBook, pause: float = WATCH_SECONDS) -> None:
    """Let one thread find out when the host is back: no request has to spend psycopg's 2 s on it meanwhile."""
    if host not in _watched:
        _watched.add(host)
        arguments = (params | {"host": host}, hosts, pause)
        try:
            threading.Thread(target=_watch, args=arguments, name="host-watch", daemon=True).start()
        except RuntimeError:  # no thread to be had: the next failure tries again
            _watched.discard(host)


def _watch(params: dict[str, Any], hosts: HostBook, pause: float) -> None:
    host = params["host"]
    try:
        while True:
            time.sleep(pause)
            try:
                BoundedConnection.connect(**params).close()
            except psycopg.OperationalError:
                hosts.failed(host)
                pause = WATCH_SECONDS
            else:
                hosts.worked(host)
                return
    finally:
        _watched.discard(host)


_watched: set[str] = set()
# Threads do not survive a fork.
os.register_at_fork(after_in_child=_watched.clear)
