"""Which replica may serve a read. Invariant: never one that has not replayed the client's position. Django-free.

A cached replay position is safe to use however old: replay only moves forward while a node stays up.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass

LAG_LIMIT_BYTES = 16 * 1024 * 1024  # further behind, a replica serves no one until it has caught up


@dataclass(frozen=True)
class Node:
    """What the last poll said of a Postgres node. `position` is replayed (replica) or inserted (primary) log."""

    alias: str
    healthy: bool = False
    is_replica: bool = False
    position: int = 0


def usable(nodes: Iterable[Node], *, position: int | None, avoid: Iterable[str] = ()) -> list[Node]:
    """The healthy replicas that have replayed `position` and are not far behind the furthest node."""
    nodes = list(nodes)
    furthest = max((node.position for node in nodes if node.healthy), default=0)
    needed = max(position or 0, furthest - LAG_LIMIT_BYTES)
    shunned = set(avoid)
    return [n for n in nodes if n.healthy and n.is_replica and n.position >= needed and n.alias not in shunned]


def pick(nodes: Iterable[Node], *, position: int | None, avoid: Iterable[str] = ()) -> str | None:
    """Any usable replica, evenly."""
    found = usable(nodes, position=position, avoid=avoid)
    return random.choice(found).alias if found else None


def freshest(nodes: Iterable[Node], *, position: int | None, avoid: Iterable[str] = ()) -> str | None:
    """The usable replica that has replayed most: for what normally is read from the primary."""
    found = usable(nodes, position=position, avoid=avoid)
    return max(found, key=lambda node: node.position).alias if found else None
