"""What the outcomes of a run amount to: failures, percentiles, gaps. Pure functions over lists of Outcome."""

from collections import Counter
from itertools import pairwise

from .openloop import LATE_START, LOOK, READ, WRITE, Outcome


def percentile(values, share: float) -> float:
    """The smallest value that `share` of all values do not exceed (nearest rank); 0.0 for no values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    rank = max(1, -(-len(ordered) * share // 1))  # ceil without float surprises at whole numbers
    return ordered[int(rank) - 1]


def failures(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not outcome.good]


def longest_gap(outcomes: list[Outcome], kind: str, since: float = 0.0) -> float:
    """The longest time after `since` in which the application gave no good answer of this kind, in seconds.

    An answer from a cache does not end it: a cache would hide that everybody who is logged in waits.

    It ends at the last answer of the run, of any kind and outcome, so that an outage lasting to the end counts whole.
    """
    if not outcomes:
        return 0.0
    end = max(outcome.finished for outcome in outcomes)
    times = sorted(o.finished for o in outcomes if o.kind == kind and o.good and not o.cached and o.finished >= since)
    points = [since, *times, end] if times else [since, end]
    return max(later - earlier for earlier, later in pairwise(points))


def late_share(outcomes: list[Outcome]) -> float:
    """How much of the load the generator itself started late: above a few per cent the run measures the generator."""
    planned = [outcome for outcome in outcomes if outcome.kind != LOOK]
    return sum(is_late(outcome) for outcome in planned) / len(planned) if planned else 0.0


def is_late(outcome: Outcome) -> bool:
    return outcome.started - outcome.intended > LATE_START


def summary(outcomes: list[Outcome], since: float = 0.0) -> dict:
    """All figures of a run, JSON-ready; gaps are counted from `since` (when the victim was hit)."""
    figures = {
        "requests": len(outcomes),
        "failed": len(failures(outcomes)),
        "late_share": round(late_share(outcomes), 4),
    }
    for kind in (READ, WRITE, LOOK):
        of_kind = [outcome for outcome in outcomes if outcome.kind == kind]
        latencies = [outcome.latency for outcome in of_kind]
        figures[kind] = {
            "requests": len(of_kind),
            "on_time": sum(not is_late(outcome) for outcome in of_kind),
            "cached": sum(outcome.cached for outcome in of_kind),
            **{f"p{round(share * 100)}": round(percentile(latencies, share), 3) for share in (0.5, 0.95, 0.99)},
            "max": round(max(latencies, default=0.0), 3),
            "gap": round(longest_gap(outcomes, kind, since), 3),
        }
    reasons = Counter(f"{outcome.kind} {outcome.status} {outcome.detail[:120]}" for outcome in failures(outcomes))
    figures["reasons"] = dict(reasons.most_common(10))
    return figures
