"""What the sources report: plain values, one type per kind of report."""

from dataclasses import dataclass, field

UP, DOWN, PAUSED, CUT, SICK = "up", "down", "paused", "cut off", "unhealthy"


@dataclass(frozen=True)
class Listed:
    """Every container of the stack as the engine lists it: node -> state. None: the engine does not answer."""

    nodes: dict[str, str] | None


@dataclass(frozen=True)
class Changed:
    """The engine's word that one container has just changed."""

    node: str
    state: str


@dataclass(frozen=True)
class Balanced:
    """One HAProxy's view: who takes writes, for how many seconds, and how many replicas are in rotation.

    `answered` False: it said nothing.
    """

    name: str
    answered: bool = True
    primaries: dict[str, float] = field(default_factory=dict)
    rotation: tuple[int, int] = (0, 0)  # up, known


@dataclass(frozen=True)
class Database:
    """Patroni's view, node -> (state, lag in bytes or None); the etcd members that answer, node -> leads or not."""

    postgres: dict[str, tuple[str, int | None]]
    etcd: dict[str, bool]


@dataclass(frozen=True)
class Sessions:
    """Sentinel's view: the Redis master, and the nodes that it cannot reach."""

    master: str
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Request:
    """One line of the edge's log; `by` is the replica, `cache`, or `edge` when no replica was asked."""

    status: int
    seconds: float
    by: str


@dataclass(frozen=True)
class Probed:
    """This view's own request each second; status 0: no answer."""

    status: int


Fact = Listed | Changed | Balanced | Database | Sessions | Request | Probed
