"""What this process knows of the Postgres nodes: one poller thread, one kept connection per node, once a second."""

import os
import threading
import time
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.db import connections

from flotilla import metrics
from flotilla.db import choice
from flotilla.db.backend.connection import BoundedConnection, connect
from flotilla.db.choice import Node

# Positions as bytes since 0/0. On the node that is the primary now, what it has inserted.
POLL_SQL = """
SELECT pg_is_in_recovery(),
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END
        - '0/0'::pg_lsn)::bigint
"""
IDLE_SECONDS = 1.0  # nine polls a second in a stack of three replicas and three nodes: about 1 % of a core
HURRY_SECONDS = 0.05  # while somebody waits for a position
ANSWER_SECONDS = 0.5


class NodePoller:
    """Polls one node over a connection it keeps."""

    def __init__(self, alias: str):
        self.alias = alias
        self._connection: BoundedConnection | None = None

    def poll(self) -> Node:
        """The node as it is now; unhealthy when it does not answer. Never raises."""
        # A kept connection may have died with its PgBouncer: a second, new one decides.
        return (self._ask() if self._connection is not None else None) or self._ask() or Node(self.alias)

    def _ask(self) -> Node | None:
        try:
            if self._connection is None:
                self._connection = connect(connections[self.alias].get_connection_params() | {"autocommit": True})
            with self._connection.limited(ANSWER_SECONDS):
                row = self._connection.execute(POLL_SQL).fetchone()
        except psycopg.Error:
            self.close()
            return None
        return Node(self.alias, healthy=True, is_replica=row[0], position=row[1] or 0) if row else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Replicas:
    """The latest Node of each alias, kept fresh by one thread, which starts with the first question."""

    def __init__(self, pollers: list[NodePoller]):
        self._pollers = pollers
        self._nodes = {poller.alias: Node(poller.alias) for poller in pollers}
        self._polled = threading.Condition()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._pollers and self._thread is None:
            with self._polled:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="replica-poller", daemon=True)
                    self._thread.start()

    def nodes(self) -> list[Node]:
        self.start()
        return list(self._nodes.values())

    def hurry(self) -> None:
        """Somebody needs a position sooner than the next poll."""
        self._hurry.set()

    def mark_down(self, alias: str) -> None:
        """A read failed there: out until a poll succeeds."""
        if alias in self._nodes:
            self._nodes[alias] = Node(alias)
            metrics.REPLICA_USABLE.labels(alias).set(0)

    def wait_for(self, choose: Callable[[list[Node]], str | None], seconds: float) -> str | None:
        """Poll in a hurry until `choose` finds an alias; None when the time is over."""
        until = time.monotonic() + seconds
        while True:
            alias = choose(self.nodes())
            left = until - time.monotonic()
            if alias is not None or left <= 0:
                return alias
            with self._polled:
                self._hurry.set()
                self._polled.wait(min(left, IDLE_SECONDS))

    def poll(self) -> None:
        """One round over all nodes."""
        for poller in self._pollers:
            self._nodes[poller.alias] = poller.poll()
        _report(self.nodes())
        with self._polled:
            self._polled.notify_all()

    def _run(self) -> None:
        while True:
            self.poll()
            hurried = self._hurry.wait(IDLE_SECONDS)
            self._hurry.clear()
            if hurried:
                time.sleep(HURRY_SECONDS)


def _report(nodes: list[Node]) -> None:
    furthest = max((node.position for node in nodes), default=0)
    usable = {node.alias for node in choice.usable(nodes, position=None)}
    for node in nodes:
        metrics.REPLICA_USABLE.labels(node.alias).set(node.alias in usable)
        if node.healthy:
            metrics.REPLICA_LAG.labels(node.alias).set(furthest - node.position)


_pools: dict[str, Replicas] = {}


def pool() -> Replicas:
    """The one pool of this process; empty when no replica is configured."""
    if "default" not in _pools:
        aliases = [f"replica_{n}" for n in settings.FLOTILLA.database_replicas]
        _pools.setdefault("default", Replicas([NodePoller(alias) for alias in aliases]))
    return _pools["default"]


# Threads do not survive a fork: the child makes its own.
os.register_at_fork(after_in_child=_pools.clear)
