"""What the outcomes of a run amount to: failures, percentiles, gaps. Pure functions over Outcome.

Raw figures are those of first tries; with `final=True`, those of what a client with retries got in the end.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from math import ceil

from .outcome import LOOK, Outcome


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


def reasons(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """What first tries failed with, the commonest ten."""
    counts = Counter(f"{o.kind} {o.step} {o.first_status} {o.detail[:120]}".strip() for o in failures(outcomes))
    return dict(counts.most_common(10))
