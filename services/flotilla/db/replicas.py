"""What this process knows of the Postgres nodes: a poller thread and a kept connection per node.

Once a second while requests ask, a third as often while none does.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.db import connections

from flotilla import metrics
from flotilla.db import choice, errors, wal
from flotilla.db.backend.connection import BoundedConnection, connect
from flotilla.db.choice import History, Node
from flotilla.db.wal import Position

logger = logging.getLogger(__name__)

# Of a replica what it has replayed, of the primary what it has on disk. A replica's timeline is that of its receiver,
# which asks for a later one only when what is replayed leads there; a function, as monitors alone may see it.
# What it has received it confirms before it replays it; NULL until a receiver has run since its start.
POLL_SQL = f"""
SELECT pg_is_in_recovery(),
       CASE WHEN pg_is_in_recovery() THEN flotilla.received_timeline() ELSE {wal.TIMELINE_SQL} END,
       {wal.LEAST_TIMELINE_SQL},
       CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint ELSE {wal.LSN_SQL} END,
       (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint
"""
POLL_SECONDS = 1.0  # nine polls a second in a stack of three replicas and three nodes: about 1 % of a core
IDLE_SECONDS = 3.0  # when nobody has asked for UNASKED_SECONDS; the news must still be fresh for who asks next
UNASKED_SECONDS = 10.0
HURRY_SECONDS = 0.05  # while somebody waits for a position
ANSWER_SECONDS = 0.5
FRESH_SECONDS = 5.0  # older news counts for nothing: two connects that time out may lie between two polls
STALE_SECONDS = 10.0  # a node not yet where the furthest was then is cut off: a standby may not know of it itself


class NodePoller:
    """Polls one node over a connection it keeps."""

    def __init__(self, alias: str):
        self.alias = alias
        self._connection: BoundedConnection | None = None
        self._timeline = 0  # the last one told: a standby without a receiver tells none, and goes back to none
        self._is_refused = False  # what it was asked, not the connection

    def poll(self) -> Node:
        """The node as it is now; unhealthy when it does not answer. Never raises."""
        # A kept connection may have died with its PgBouncer: a second, new one decides.
        return (self._ask() if self._connection is not None else None) or self._ask() or Node(self.alias)

    def _ask(self) -> Node | None:
        try:
            if self._connection is None:
                params = connections[self.alias].get_connection_params() | {"autocommit": True}
                self._connection = connect(params, blame=False)  # a refused login is the node's, not the pooler's
            with self._connection.limited(ANSWER_SECONDS):
                row = self._connection.execute(POLL_SQL).fetchone()
        except psycopg.Error as error:
            self.close()
            self._note_refusal(error)
            return None
        self._is_refused = False
        return self._node(*row) if row else None

    def _note_refusal(self, error: psycopg.Error) -> None:
        """A node that answers, but not this question, is set up wrongly: say so once, as reads go on elsewhere."""
        if isinstance(error, psycopg.ProgrammingError) and not self._is_refused:
            self._is_refused = True
            logger.error("%s tells no position, nothing is read there: %s", self.alias, errors.in_short(error))

    def _node(
        self, is_replica: bool, timeline: int | None, at_least: int, lsn: int | None, received: int | None
    ) -> Node:
        self._timeline = timeline or max(self._timeline, at_least)
        position = Position(self._timeline, lsn or 0)
        # A receiver that starts counts from the beginning of a log file, which may be before what is replayed.
        received = max(received or 0, position.lsn)
        return Node(self.alias, healthy=True, is_replica=is_replica, position=position, received=received)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Replicas:
    """The latest Node of each alias, kept fresh by threads, which start with the first question.

    A thread for each, so that a node that hangs delays no news of the others.
    """

    def __init__(self, pollers: list[NodePoller], clock: Callable[[], float] = time.monotonic):
        self._pollers = pollers
        self._clock = clock
        self._nodes = {poller.alias: Node(poller.alias) for poller in pollers}
        self._times = dict.fromkeys(self._nodes, float("-inf"))
        self._history = History(STALE_SECONDS)
        self._polled = threading.Condition()
        self._hurry = threading.Condition()
        self._hurries = 0
        self._polling: set[str] = set()
        self._led: str | None = None  # the alias that was last seen as primary
        self._asked = clock()

    def start(self) -> None:
        if len(self._polling) < len(self._pollers):
            with self._polled:
                for poller in [p for p in self._pollers if p.alias not in self._polling]:
                    self._start(poller)

    def nodes(self) -> list[Node]:
        """As last polled. Unhealthy: not heard of for a while, or standing still while the others move."""
        self.start()
        was_idle, self._asked = self._is_idle(), self._clock()
        if was_idle:
            self.hurry()
        return self._known()

    def _known(self) -> list[Node]:
        oldest = self._clock() - FRESH_SECONDS
        nodes = [node if self._times[alias] >= oldest else Node(alias) for alias, node in self._nodes.items()]
        return choice.without_stale(nodes, self._history.position)

    def is_down(self, alias: str) -> bool:
        """Whether the latest poll got no answer."""
        return alias in self._nodes and not self._nodes[alias].healthy

    def has_lost_primary(self) -> bool:
        """Whether the node that was last seen as primary is none any more, or silent, and no other is one yet."""
        return self._led is not None and all(node.is_replica or not node.healthy for node in self.nodes())

    def hurry(self) -> None:
        """Somebody needs a position sooner than the next poll."""
        with self._hurry:
            self._hurries += 1
            self._hurry.notify_all()

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
            self.hurry()
            with self._polled:
                self._polled.wait(min(left, POLL_SECONDS))

    def poll(self, poller: NodePoller) -> None:
        """Ask one node, and tell."""
        node = poller.poll()
        with self._polled:
            self._nodes[node.alias], self._times[node.alias] = node, self._clock()
            if node.healthy and not node.is_replica:
                self._led = node.alias
            self._history.note(self._clock(), self._nodes.values())
            self._polled.notify_all()
        _report(self._known())

    def _is_idle(self) -> bool:
        return self._clock() - self._asked > UNASKED_SECONDS

    def _start(self, poller: NodePoller) -> None:
        """A process that gets no thread goes on without; the next question tries again."""
        try:
            threading.Thread(target=self._run, args=(poller,), name=f"poll-{poller.alias}", daemon=True).start()
        except RuntimeError:
            logger.exception("a poller could not be started")
        else:
            self._polling.add(poller.alias)

    def _run(self, poller: NodePoller) -> None:
        """For ever: a thread that ended would leave its node without news."""
        while True:
            hurries = self._hurries
            try:
                self.poll(poller)
            except Exception:
                logger.exception("a poll failed in a way that nobody expected")
                self.mark_down(poller.alias)
            with self._hurry:
                pause = IDLE_SECONDS if self._is_idle() else POLL_SECONDS
                hurried = self._hurry.wait_for(lambda before=hurries: self._hurries != before, pause)
            if hurried:
                time.sleep(HURRY_SECONDS)


def _report(nodes: list[Node]) -> None:
    furthest = choice.furthest(nodes)
    usable = {node.alias for node in choice.usable(nodes, position=None)}
    for node in nodes:
        metrics.REPLICA_USABLE.labels(node.alias).set(node.alias in usable)
        if node.healthy:
            metrics.REPLICA_LAG.labels(node.alias).set(max(0, furthest.lsn - node.position.lsn))


_pools: dict[str, Replicas] = {}


def pool() -> Replicas:
    """The one pool of this process; empty when no replica is configured."""
    if "default" not in _pools:
        aliases = [f"replica_{n}" for n in settings.FLOTILLA.database_replicas]
        _pools.setdefault("default", Replicas([NodePoller(alias) for alias in aliases]))
    return _pools["default"]


# Threads do not survive a fork: the child makes its own.
os.register_at_fork(after_in_child=_pools.clear)
