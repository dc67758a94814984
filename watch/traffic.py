"""The last minute of the edge's log, by the second: rate, errors, refusals, latency, and who answered."""

from collections import Counter
from dataclasses import dataclass, field

from .facts import Request

KEPT = 61  # seconds: a minute, and the one that is not over
WINDOW = 10
REFUSED = (429, 503)  # with Retry-After: the stack says no, and when to come again


@dataclass
class Second:
    requests: int = 0
    errors: int = 0
    refused: int = 0
    durations: list[float] = field(default_factory=list)
    by: Counter = field(default_factory=Counter)

    def add(self, request: Request) -> None:
        self.requests += 1
        self.refused += request.status in REFUSED
        self.errors += is_error(request.status)
        self.durations.append(request.seconds)
        self.by[request.by] += 1


@dataclass(frozen=True)
class Figures:
    """Of the last WINDOW whole seconds; latencies in seconds, None without requests."""

    rate: float
    errors: int
    refused: int
    p50: float | None
    p95: float | None
    shares: dict[str, float]


def is_error(status: int) -> bool:
    return status >= 500 and status not in REFUSED


def quantile(ordered: list[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


class Traffic:
    def __init__(self):
        self.seconds: dict[int, Second] = {}

    def add(self, request: Request, at: float) -> None:
        self.seconds.setdefault(int(at), Second()).add(request)
        for old in [second for second in self.seconds if second <= at - KEPT]:
            del self.seconds[old]

    def last(self, count: int, now: float) -> list[Second]:
        """So many whole seconds before this one, oldest first."""
        end = int(now)
        return [self.seconds.get(second, Second()) for second in range(end - count, end)]

    def figures(self, now: float) -> Figures:
        window = self.last(WINDOW, now)
        durations = sorted(one for second in window for one in second.durations)
        by = sum((second.by for second in window), Counter())
        return Figures(
            rate=len(durations) / WINDOW,
            errors=sum(second.errors for second in window),
            refused=sum(second.refused for second in window),
            p50=quantile(durations, 0.5),
            p95=quantile(durations, 0.95),
            shares={name: count / len(durations) for name, count in by.items()},
        )
