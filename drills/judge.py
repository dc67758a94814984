"""From what a drill recorded to figures, and from figures to a verdict. Pure functions; nothing here asks the stack.

Raw figures are those of first tries: they are the target. `…_with_retry` are what a good client got in the end.
A run that cannot tell (cut short, empty, a generator that came late) is invalid, and an invalid run never passes; but
it excuses no lost, doubled or unseen write that it did find.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from loadtest.figures import failures, late_p99, longest_gap, reasons
from loadtest.outcome import READ, UNSEEN, WRITE, Outcome

from drills import books, targets, validity
from drills.timeline import timeline

PASS, FAIL, INVALID = "pass", "FAIL", "INVALID"
ORDERS = ("orders_lost", "orders_twice", "orders_stuck", "stock_off", "shop_off")
SAFETY = ("lost", "twice", "unseen", *ORDERS)
PATRONI = "Patroni"  # whose news tells of the leadership (drills/watcher.py)


class Check(NamedTuple):
    """One line of a verdict; `target` in words, `figure` as measured (None: it could not be)."""

    name: str
    target: str
    figure: float | str | None
    ok: bool


def load(path: Path) -> list[dict]:
    """The lines of outcomes.jsonl. One that cannot be read is an empty dict, which makes the run invalid."""
    if not Path(path).is_file():
        return []
    return [_parsed(line) for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines()]


def _parsed(line: str) -> dict:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# -- Figures -----------------------------------------------------------------------------------------------------------


def figures(record: dict, outcomes: Iterable[dict]) -> dict:
    """JSON-ready figures of one drill: of its record, and of the lines of its outcomes.jsonl."""
    lines = list(outcomes)
    sound = [validity.outcome(line) for line in lines if validity.is_sound(line)]
    return {
        **_counts(sound),
        **_gaps(sound, moment(record, "fault", first=True) or 0.0),
        **_kept(record),
        **_ordered(record),
        "unseen": sum(UNSEEN in outcome.detail for outcome in sound),
        "failovers": _failovers(record),
        "back_after": _back_after(sound, moment(record, "undo")),
        "write_back_after": _back_after([o for o in sound if o.kind == WRITE], moment(record, "undo")),
        "whole_after": record.get("whole_after"),
        "late_p99": rounded(late_p99(sound)),
        "invalid": "; ".join(validity.reasons(record, lines)) or None,
        "timeline": timeline(sound),
    }


def moment(record: dict, kind: str, *, first=False) -> float | None:
    """When the first or last event of a kind was, in seconds since the start of the load."""
    times = [event["t"] for event in record.get("events", []) if event["kind"] == kind]
    return (min(times) if first else max(times)) if times else None


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _counts(outcomes: list[Outcome]) -> dict:
    """Slowest: from its planned start, however it ended."""
    return {
        "requests": len(outcomes),
        "failed": len(failures(outcomes)),
        "failed_with_retry": len(failures(outcomes, final=True)),
        "reasons": reasons(outcomes),
        "slowest": rounded(max((outcome.raw_latency for outcome in outcomes), default=None)),
        "slowest_with_retry": rounded(max((outcome.latency for outcome in outcomes), default=None)),
    }


def _gaps(outcomes: list[Outcome], fault: float) -> dict:
    """Of each kind by itself: an outage lasts to the end of its own last request, not of another that hung longer."""
    found = {}
    for kind in (WRITE, READ):
        of_kind = [outcome for outcome in outcomes if outcome.kind == kind]
        found[f"{kind}_gap"] = rounded(longest_gap(of_kind, kind, fault)) if of_kind else None
        found[f"{kind}_gap_with_retry"] = rounded(longest_gap(of_kind, kind, fault, final=True)) if of_kind else None
    return found


def _kept(record: dict) -> dict:
    """What became of the writes, and what a person had to do. None: the record does not say, which no target holds."""
    stored = record.get("stored") or {}
    lists = {"lost": stored.get("lost"), "twice": stored.get("twice"), "operator": record.get("operator")}
    counts = {name: None if found is None else len(found) for name, found in lists.items()}
    return {"acknowledged": stored.get("acknowledged", 0), **counts}


def _ordered(record: dict) -> dict:
    """What became of orders and stock. None: the record does not say; those of before there were orders do not."""
    found = record.get("orders") or {}
    lists = (found.get(name) for name in books.KINDS)
    counts = {name: None if one is None else len(one) for name, one in zip(ORDERS, lists, strict=True)}
    times = {f"orders_{name}": found.get(name) for name in ("delayed", "ended_after", "settled_after")}
    return {"orders": found.get("acknowledged"), **counts, **times}


def _failovers(record: dict) -> int | None:
    """How often Postgres got another leader; a time without one is no move. None: the record does not say."""
    first, *last = record.get("leaders") or [""]
    if not first:
        return None
    moves = [event for event in record.get("events", []) if event.get("of") == PATRONI]
    names = [first, *(name for event in moves for name in (event["from"], event["to"])), *last]
    return sum(one != other for one, other in pairwise(filter(None, names)))


def _back_after(outcomes: list[Outcome], undo: float | None) -> float | None:
    """From the beginning of the undoing to the first good answer among these."""
    if undo is None:
        return None
    return rounded(min((o.first_end - undo for o in outcomes if o.raw_good and o.first_end >= undo), default=None))


# -- Verdict -----------------------------------------------------------------------------------------------------------

NAMES = (
    "failed", "write_gap", "read_gap", "back_after", "write_back_after", "failovers", "lost", "twice", "unseen",
    "whole_after", "operator", *ORDERS, "orders_delayed", "orders_ended_after",
)  # fmt: skip


def verdict(figures: dict, victim: str, fault: str, *, early=False, slack: float = 1) -> list[Check]:
    """Each target of the row beside its figure. The first line says whether the run can tell at all."""
    row = targets.of(victim, fault, early=early)
    reason = figures.get("invalid")
    checks = [Check("valid", "a run that can tell", reason or "yes", not reason)]
    limits = ((name, relaxed(getattr(row, name), slack)) for name in NAMES)
    judged = ((name, limit, figures.get(name)) for name, limit in limits if limit)
    return checks + [Check(name, str(limit), figure, limit.holds(figure)) for name, limit, figure in judged]


def relaxed(limit: targets.Limit | None, slack: float) -> targets.Limit | None:
    """A limit of seconds, times the slack; counts have none."""
    return replace(limit, most=limit.most * slack) if limit and limit.unit == "s" and slack != 1 else limit


def state(checks: Iterable[Check]) -> str:
    """pass, FAIL or INVALID. What an invalid run found lost, doubled or unseen stays found."""
    missed = {check.name for check in checks if not check.ok}
    if missed & set(SAFETY):
        return FAIL
    if "valid" in missed:
        return INVALID
    return FAIL if missed else PASS
