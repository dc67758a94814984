"""One drill second by second, small enough to be kept with its figures: what the page draws."""

from collections.abc import Iterable

from loadtest.figures import percentile
from loadtest.outcome import LOOK, READ, WRITE, Outcome

GROUPS = {READ: (READ, LOOK), WRITE: (WRITE,)}  # name -> kinds of request; a look is a read


def timeline(outcomes: list[Outcome]) -> dict:
    """-> {"read": {"done": [per second], "failed": […], "p50": [seconds or None], "max": […]}, "write": …}.

    Done and failed are put to the second in which the first try ended; latency to the second in which it was due, since
    that is when the person began to wait.
    """
    seconds = int(max((outcome.first_end for outcome in outcomes), default=-1)) + 1
    return {name: _of([o for o in outcomes if o.kind in kinds], seconds) for name, kinds in GROUPS.items()}


def _of(outcomes: list[Outcome], seconds: int) -> dict:
    waits = [[] for _ in range(seconds)]
    for outcome in outcomes:
        waits[int(outcome.due)].append(outcome.raw_latency)
    return {
        "done": _per_second((outcome.first_end for outcome in outcomes if outcome.raw_good), seconds),
        "failed": _per_second((outcome.first_end for outcome in outcomes if not outcome.raw_good), seconds),
        "p50": [round(percentile(wait, 0.5), 4) if wait else None for wait in waits],
        "max": [round(max(wait), 4) if wait else None for wait in waits],
    }


def _per_second(times: Iterable[float], seconds: int) -> list[int]:
    counts = [0] * seconds
    for time in times:
        counts[int(time)] += 1
    return counts
