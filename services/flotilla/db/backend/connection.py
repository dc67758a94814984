"""A psycopg connection that does not wait forever, and the opening of one over several hosts."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as psycopg_errors

from flotilla import context
from flotilla.db.backend.pooler import pings
from flotilla.db.errors import AnswerTimeout
from flotilla.db.hosts import HostBook, book

WATCH_SECONDS = 1.0  # and up to 2 s for the attempt: well within the time that a failure is remembered
DOUBT_SECONDS = 0.5  # without an answer for so long, who waits asks whether anybody is there ...
AGAIN_SECONDS = 0.2  # ... and asks again, until there is one or the other


class ServerSilent(psycopg.OperationalError, AnswerTimeout):
    """No answer in time. The connection is closed; nothing was cancelled."""


class PoolerSilent(ServerSilent):
    """The pooler itself answers nothing: says nothing of the server behind it, and another pooler may do."""


class BoundedConnection(psycopg.Connection[Any]):
    """Bounds each wait for the server inside requests.

    A paused server goes on acknowledging at TCP level, so neither keepalives nor TCP_USER_TIMEOUT ever fire; and a
    cancel request would wait at the same server, or worse, reach a COMMIT. So: wait, then drop the connection.
    """

    read_seconds = 3.0
    pooler: str  # the host that it leads to, one of those that it was opened with
    opened_with: dict[str, Any]
    is_lost: Callable[[], bool] = staticmethod(lambda: False)  # whether the server is known to be away meanwhile
    _limit: float | None = None

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        seconds = kwargs.pop("timeout", self._seconds())
        if seconds is None:
            return super().wait(gen, *args, **kwargs)
        until, pause = time.monotonic() + seconds, DOUBT_SECONDS
        while True:
            left = max(until - time.monotonic(), 0.0)
            try:
                return super().wait(gen, *args, timeout=min(left, pause), **kwargs)
            except psycopg_errors._WaitTimeout:
                self._doubt(over=left <= pause)
                pause = AGAIN_SECONDS

    def _doubt(self, *, over: bool) -> None:
        """Return to wait on; raise when another pooler will do better, the server is lost, or the time is over."""
        there = pings.answers(self.pooler, int(self.opened_with["port"]))
        if not there:
            book.failed(self.pooler)
            watch(self.opened_with, self.pooler, book)
        if over or self.is_lost() or book.is_worse(self.pooler, self.opened_with["host"].split(",")):
            self.pgconn.finish()
            error = ServerSilent if there else PoolerSilent
            raise error(f"no answer through {self.pooler} in time") from None

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

    Without `blame` a refused login is held against no host: where a server behind it may be meant.
    """
    *others, last = hosts.order(params.get("host", "").split(","))
    for host in others:
        try:
            return _open_if_there(params, host, hosts, blame)
        except psycopg.OperationalError:
            continue
    return _open(params, last, hosts, blame)


def _open_if_there(params: dict[str, Any], host: str, hosts: HostBook, blame: bool) -> BoundedConnection:
    """Psycopg gives a host 2 s at least; while there are others, one that is silent gets half a second."""
    if not pings.answers(host, int(params["port"])):
        hosts.failed(host)
        watch(params, host, hosts)
        raise PoolerSilent(f"no answer from {host} to a ping")
    return _open(params, host, hosts, blame)


def _open(params: dict[str, Any], host: str, hosts: HostBook, blame: bool) -> BoundedConnection:
    try:
        connection = BoundedConnection.connect(**params | {"host": host})
    except psycopg.OperationalError:
        if blame:
            hosts.failed(host)
            watch(params, host, hosts)
        raise
    hosts.worked(host)
    connection.pooler, connection.opened_with = host, params
    return connection


def watch(params: dict[str, Any], host: str, hosts: HostBook) -> None:
    """Let one thread find out when the host is back: no request has to spend psycopg's 2 s on it meanwhile."""
    if host not in _watched:
        _watched.add(host)
        arguments = (params | {"host": host}, hosts)
        try:
            threading.Thread(target=_watch, args=arguments, name="host-watch", daemon=True).start()
        except RuntimeError:  # no thread to be had: the next failure tries again
            _watched.discard(host)


def _watch(params: dict[str, Any], hosts: HostBook) -> None:
    host = params["host"]
    try:
        while True:
            time.sleep(WATCH_SECONDS)
            try:
                BoundedConnection.connect(**params).close()
            except psycopg.OperationalError:
                hosts.failed(host)
            else:
                hosts.worked(host)
                return
    finally:
        _watched.discard(host)


_watched: set[str] = set()
# Threads do not survive a fork.
os.register_at_fork(after_in_child=_watched.clear)
