"""What the outcomes of a run amount to: failures, percentiles, gaps. Pure functions over Outcome.

Raw figures are those of first tries; with `final=True`, those of what a client with retries got in the end.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import ceil
from pathlib import Path

from .outcome import LOOK, READ, WRITE, Outcome

ON_TIME = 0.1  # seconds: a request started later than this was not the planned load


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """The lines of an outcomes.jsonl; a last line that was cut off is left out."""
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield Outcome(**json.loads(line))


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed (nearest rank); 0.0 for no values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(1, ceil(len(ordered) * share - 1e-9)) - 1]


def got(outcome: Outcome, final: bool) -> tuple[bool, float]:
    """Whether it was good, and when it ended: the first try, or with `final` the last."""
    return (outcome.good, outcome.end) if final else (outcome.raw_good, outcome.first_end)


def failures(outcomes: Iterable[Outcome], final: bool = False) -> list[Outcome]:
    return [outcome for outcome in outcomes if not got(outcome, final)[0]]


def longest_gap(outcomes: list[Outcome], kind: str, since: float = 0.0, final: bool = False) -> float:
    """The longest time after `since` in which the application gave no good answer of this kind, in seconds.

    An answer from a cache does not end it: a cache would hide that everybody who is logged in waits.

    It ends at the last answer of the run, of any kind and outcome, so that an outage lasting to the end counts whole.
    """
    return max((later - earlier for earlier, later in gaps(outcomes, kind, since, final)), default=0.0)


def gaps(outcomes: list[Outcome], kind: str, since: float = 0.0, final: bool = False) -> list[tuple[float, float]]:
    """Every stretch after `since` between two good answers of this kind: [(from, to), …]."""
    answers = (got(outcome, final) for outcome in outcomes if outcome.kind == kind and not outcome.cached)
    ends = sorted(end for good, end in answers if good and end >= since)
    last = max((outcome.end for outcome in outcomes), default=since)
    return list(pairwise([since, *ends, max(last, since)])) if outcomes else []


def late_p99(outcomes: Iterable[Outcome]) -> float:
    """Of planned requests, in seconds. A look follows its write and cannot be late."""
    return percentile((outcome.late for outcome in outcomes if outcome.kind != LOOK), 0.99)


def late_share(outcomes: Iterable[Outcome]) -> float:
    """How much of the planned load was offered too late to be the planned load."""
    planned = [outcome for outcome in outcomes if outcome.kind != LOOK]
    return sum(outcome.late > ON_TIME for outcome in planned) / len(planned) if planned else 0.0


def reasons(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """What first tries failed with, the commonest ten."""
    counts = Counter(f"{o.kind} {o.first_status} {o.detail[:120]}".strip() for o in failures(outcomes))
    return dict(counts.most_common(10))


def summary(outcomes: list[Outcome], since: float = 0.0) -> dict:
    """All figures of a run, JSON-ready; gaps are counted from `since` (when the victim was hit)."""
    figures = {
        "requests": len(outcomes),
        "failed": len(failures(outcomes)),
        "failed_with_retry": len(failures(outcomes, final=True)),
        "late_p99": round(late_p99(outcomes), 4),
        "late_share": round(late_share(outcomes), 4),
    }
    figures |= {kind: of_kind(outcomes, kind, since) for kind in (READ, WRITE, LOOK)}
    return figures | {"reasons": reasons(outcomes)}


def of_kind(outcomes: list[Outcome], kind: str, since: float) -> dict:
    chosen = [outcome for outcome in outcomes if outcome.kind == kind]
    latencies = sorted(outcome.raw_latency for outcome in chosen)
    return {
        "requests": len(chosen),
        "on_time": sum(outcome.late <= ON_TIME for outcome in chosen),
        "cached": sum(outcome.cached for outcome in chosen),
        **{f"p{round(share * 100)}": round(percentile(latencies, share), 3) for share in (0.5, 0.95, 0.99)},
        "max": round(latencies[-1] if latencies else 0.0, 3),
        "gap": round(longest_gap(outcomes, kind, since), 3),
        "gap_with_retry": round(longest_gap(outcomes, kind, since, final=True), 3),
    }
