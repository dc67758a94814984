"""Which replica may serve a read. Invariant: never one that has not replayed the client's position. Django-free.

A cached replay position is safe to use however old: replay only moves forward while a node stays up.
"""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from flotilla.db.wal import NOWHERE, Position

LAG_LIMIT_BYTES = 16 * 1024 * 1024  # further behind, a replica serves no one until it has caught up


@dataclass(frozen=True)
class Node:
    """What the last poll said of a Postgres node. `position` is replayed (replica) or flushed (primary) log.

    `received`, in bytes since 0/0, is the log on a replica's disk, replayed or not: never less than what is replayed.
    """

    alias: str
    healthy: bool = False
    is_replica: bool = False
    position: Position = NOWHERE
    received: int = 0


class History:
    """Where the furthest node was `seconds` ago. Unlike a lag in seconds, it does not grow while nobody writes."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._noted: deque[tuple[float, Position]] = deque()
        self.position = NOWHERE

    def note(self, now: float, nodes: Iterable[Node]) -> None:
        """After each poll; one note in half a second is enough."""
        if not self._noted or now - self._noted[-1][0] >= 0.5:
            self._noted.append((now, furthest(nodes)))
        while self._noted[0][0] <= now - self._seconds:
            self.position = self._noted.popleft()[1]


def furthest(nodes: Iterable[Node]) -> Position:
    """Of the healthy nodes; on the latest timeline that any of them has told."""
    return max((node.position for node in nodes if node.healthy), default=NOWHERE)


def without_stale(nodes: Iterable[Node], floor: Position) -> list[Node]:
    """Replicas that are not at `floor`, where others were a while ago, as unhealthy.

    A standby that is cut off from its primary goes on answering. When nobody is that far, because a primary took
    its last log with it, the furthest of those that are left counts.
    """
    nodes = list(nodes)
    floor = min(floor, furthest(nodes))
    return [Node(n.alias) if n.is_replica and n.position < floor else n for n in nodes]


def usable(nodes: Iterable[Node], *, position: Position | None, avoid: Iterable[str] = ()) -> list[Node]:
    """The healthy replicas that have replayed `position` and are not far behind the furthest node."""
    nodes = list(nodes)
    wanted, shunned = position or NOWHERE, set(avoid)
    # By bytes alone: a standby that still looks for the new timeline serves meanwhile who has not written on that.
    least = furthest(nodes).lsn - LAG_LIMIT_BYTES
    able = [n for n in nodes if n.healthy and n.is_replica and n.position.lsn >= least and n.alias not in shunned]
    return [n for n in able if n.position.has_passed(wanted)]


def pick(nodes: Iterable[Node], *, position: Position | None, avoid: Iterable[str] = ()) -> str | None:
    """Any usable replica, evenly."""
    found = usable(nodes, position=position, avoid=avoid)
    return random.choice(found).alias if found else None


def freshest(nodes: Iterable[Node], *, position: Position | None, avoid: Iterable[str] = ()) -> str | None:
    """The usable replica that has replayed most: for what normally is read from the primary."""
    found = usable(nodes, position=position, avoid=avoid)
    return max(found, key=lambda node: node.position).alias if found else None


def primary(nodes: Iterable[Node], *, position: Position | None, avoid: Iterable[str] = ()) -> str | None:
    """The node that is the primary, to be read by its own name; None while two say so, as one of them is mistaken."""
    found = [n for n in nodes if n.healthy and not n.is_replica]
    if len(found) != 1 or not found[0].position.has_passed(position or NOWHERE) or found[0].alias in set(avoid):
        return None
    return found[0].alias


def furthest_left(nodes: Iterable[Node], *, avoid: Iterable[str] = ()) -> Node | None:
    """Without a primary: the furthest replica, if all nodes but one answer as replicas.

    An acknowledged commit is on the disks of a majority (docs/decisions/0001), replayed or not: what none of these has
    received was acknowledged to nobody. None while one of them, the furthest too, has received more than that has
    replayed; or while a longer log is told of an older timeline: it is of no use, or its node has not told the new one
    yet.
    """
    nodes, shunned = list(nodes), set(avoid)
    left = [n for n in nodes if n.healthy and n.is_replica]
    if not left or len(left) < len(nodes) - 1:
        return None
    found = max(left, key=lambda node: node.position)
    has_all = all(max(node.position.lsn, node.received) <= found.position.lsn for node in left)
    return found if has_all and found.alias not in shunned else None
