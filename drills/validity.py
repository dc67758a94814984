"""Whether a run can tell anything at all: each way in which an empty or broken one would look like a success."""

import math
from collections.abc import Iterator
from dataclasses import fields
from itertools import chain

from loadtest.figures import late_p99
from loadtest.openloop import LATE_START
from loadtest.outcome import LOOK, READ, WRITE, Outcome
from stack.host import STARVED

OFFERED_WRITES = 0.9  # of the planned ones
OFFERED = 0.99  # of all planned requests; one without an outcome may be one that failed
SLACK = 2.0  # seconds that the load may end before the drill's last event
TIMES = ("due", "start", "first_end", "end")
KINDS = (READ, WRITE, LOOK)
FIELDS = [field.name for field in fields(Outcome)]


def is_sound(line: dict) -> bool:
    """A line with all that is judged: a kind, two statuses, four finite times in their order."""
    times = [line.get(name) for name in TIMES]
    statuses = (line.get("first_status"), line.get("status"))
    typed = all(isinstance(status, int) for status in statuses) and isinstance(line.get("detail", ""), str)
    timed = all(isinstance(time, int | float) and math.isfinite(time) for time in times)
    if line.get("kind") not in KINDS or not typed or not timed:
        return False
    due, start, first_end, end = times
    return 0 <= due <= first_end and start <= first_end <= end


def outcome(line: dict) -> Outcome:
    """Of a sound line; what is not judged may be missing."""
    return Outcome(**{"step": ""} | {name: line[name] for name in FIELDS if name in line})


def reasons(record: dict, lines: list[dict]) -> list[str]:
    """Why this run cannot tell, in sentences; empty for a valid run."""
    sound = [outcome(line) for line in lines if is_sound(line)]
    planned = [one for one in sound if one.kind != LOOK]  # a look has no place in the schedule, it follows its write
    if not planned:
        return ["no request was made, or none can be read"]
    of_run = (part(record, planned) for part in (_short, _offered, _ledger))
    return [*_unreadable(lines), *_late(record, planned), *_starved(record), *chain.from_iterable(of_run)]


def _unreadable(lines: list[dict]) -> Iterator[str]:
    broken = sum(not is_sound(line) for line in lines)
    if broken:
        yield f"{broken} of {len(lines)} lines of the outcomes cannot be read"


def _late(record: dict, planned: list[Outcome]) -> Iterator[str]:
    late, limit = late_p99(planned), (record.get("set_up") or {}).get("late", LATE_START)
    if late > limit:
        at_most = f"at most {limit * 1000:.0f} ms"
        yield f"the load generator came late: p99 of its starts {late * 1000:.0f} ms, {at_most}"


def _starved(record: dict) -> Iterator[str]:
    """By the host below, which no drill does. Records of before it was looked at do not say."""
    share = record.get("stolen") or 0
    if share > STARVED:
        yield f"the host kept {share:.0%} of this machine's cores to itself, at most {STARVED:.0%}"


def _short(record: dict, planned: list[Outcome]) -> Iterator[str]:
    told = ("fault", "undo") if (record.get("set_up") or {}).get("load_ends") else ("fault", "undo", "role", "whole")
    moments = [(e["t"], e["kind"]) for e in record.get("events", []) if e["kind"] in told]
    if "fault" not in {kind for _, kind in moments}:
        yield "the record has no moment of the fault"
    last = max((t for t, _ in moments), default=0)
    end = max(outcome.due for outcome in planned)
    if end < last - SLACK:
        yield f"the load ended at {end:.0f} s, before the drill's last event at {last:.0f} s"


def _offered(record: dict, planned: list[Outcome]) -> Iterator[str]:
    """Planned: what the set-up says, over the time from the start to the last request that was due."""
    set_up = record.get("set_up") or {}
    rate, share = set_up.get("rate"), set_up.get("write_share")
    if not rate or not share:
        yield "the record does not say what load was planned"
        return
    requests = max(outcome.due for outcome in planned) * rate + 1
    writes = sum(outcome.kind == WRITE for outcome in planned)
    if len(planned) < requests * OFFERED - 1:
        yield f"only {len(planned)} of {requests:.0f} planned requests have an outcome"
    if writes < requests * share * OFFERED_WRITES - 1:
        yield f"only {writes} of {requests * share:.0f} planned writes were offered"


def _ledger(record: dict, planned: list[Outcome]) -> Iterator[str]:
    """Every write that was answered well has a line; fewer lines: the comparison with the tables says nothing."""
    acknowledged = (record.get("stored") or {}).get("acknowledged", 0)
    answered = sum(outcome.kind == WRITE and 200 <= outcome.status < 400 for outcome in planned)
    if not acknowledged:
        yield "the ledger has no line, so nothing was compared with the tables"
    elif acknowledged < answered:
        yield f"the ledger has {acknowledged} lines for {answered} acknowledged writes"
    if (record.get("set_up") or {}).get("orders") and not (record.get("orders") or {}).get("acknowledged"):
        yield "the ledger has no order, so nothing was compared with the books"
