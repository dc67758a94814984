"""The report card in the terminal: one row per drill, each target beside its figure, and what was missed below.

Targets that hold for every row stand in the head; a row's own stand beside its figure. In brackets: not judged.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from drills.judge import FAIL, INVALID, PASS
from drills.standing import Standing, back, bound, early_words, missed, seconds, spread, standings
from drills.targets import Targets

WIDTH = 120
COLOURS = {PASS: "\033[32m", FAIL: "\033[1;31m", INVALID: "\033[33m"}
PLAIN = "\033[0m"
COMMON = Targets()
KEPT = (("lost", "twice", "unseen"), ("orders_lost", "orders_twice", "orders_stuck"), ("stock_off", "shop_off"))


@dataclass(frozen=True)
class Column:
    """`limit`: the field of Targets that is judged here, if one is."""

    head: str
    limit: str = ""
    words: bool = False

    @property
    def target(self) -> str:
        limit = getattr(COMMON, self.limit, None)
        return str(limit).removesuffix(" s") if limit else ""


COLUMNS = (
    Column("drill", words=True), Column("fail|retry/all", "failed"), Column("write gap", "write_gap"),
    Column("read", "read_gap"), Column("back", "back_after"), Column("moved", "failovers"), Column("slow"),
    Column("write", "lost"), Column("order", "orders_lost"), Column("stock", "stock_off"),
    Column("whole", "whole_after"), Column("hand", "operator"), Column("result", words=True),
)  # fmt: skip


def text(results: Iterable[dict], *, colour=False) -> str:
    """The card of these results, at most WIDTH columns wide."""
    found = standings(results)
    if not found:
        return "No drill has been run."
    head = [[column.head for column in COLUMNS], ["target", *(column.target for column in COLUMNS[1:])]]
    lines = table(head + [row(one) for one in found], colour)
    notes = [cut(line) for one in found for line in (*missed(one), *reasons(one))]
    return "\n".join([*lines, "", *notes, *[""] * bool(notes), summary(found)])


def wants_colour(stream) -> bool:
    """Only for a person at a terminal who has not asked for none (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


# -- A row -------------------------------------------------------------------------------------------------------------


def row(one: Standing) -> list[str]:
    judged = back(one)
    returned = time(one, judged) if judged else ""
    gaps = [time(one, "write_gap"), time(one, "read_gap"), returned, moved(one)]
    hand = count(one, "operator").removeprefix("0")  # nobody's hand needs no column
    kept = [of_kind(one, *names) for names in KEPT]
    whole = [time(one, "whole_after", digits=0), hand, one.state]
    short = one.name.replace("postgres-primary", "primary")  # with whom is hit beside it, it has to fit
    name = f"{short} x{len(one.shown)}" if len(one.shown) > 1 else short
    return [name, failed(one), *gaps, seconds(one.worst("slowest")), *kept, *whole]


def failed(one: Standing) -> str:
    raw = count(one, "failed") if one.targets.failed else f"({count(one, 'failed')})"
    return f"{raw}|{count(one, 'failed_with_retry')}/{count(one, 'requests')}"


def moved(one: Standing) -> str:
    """How often the leadership did, where that is judged: elsewhere it is what the drill is about."""
    return count(one, "failovers") if one.targets.failovers else ""


def count(one: Standing, name: str) -> str:
    """Over all runs."""
    total = one.total(name)
    return "?" if total is None else str(total)


def of_kind(one: Standing, *names: str) -> str:
    """Of one kind, beside each other; one ? for runs of before they were counted."""
    found = [count(one, name) for name in names]
    return "?" if set(found) == {"?"} else "/".join(found)


def time(one: Standing, name: str, digits=1) -> str:
    """Median and worst, and the row's own target if it is not the one in the head."""
    figure, limit = spread(one, name, digits), getattr(one.targets, name)
    if limit is None:
        return f"({figure})"
    own = bound(one, name).removesuffix(" s").replace(" ", "")
    return figure if limit == getattr(COMMON, name) else f"{figure} {own}"


# -- Below the rows ----------------------------------------------------------------------------------------------------


def summary(found: list[Standing]) -> str:
    states = Counter(one.state for one in found)
    others = [f"{states[state]} {state}" for state in (FAIL, INVALID) if states[state]]
    verdict = ", ".join([f"{states[PASS]} of {len(found)} drills pass", *others])
    note = "Gaps and times in seconds, of several runs median/worst; in brackets: not judged.\n"
    note += "Write: lost/twice/unseen; order: lost/twice/without end; stock: products off, and off in the shop."
    words = early_words(found)
    return f"{verdict}. {note}" + (f"\nEarly release of a dead leader's lease is {words}." if words else "")


def reasons(one: Standing) -> list[str]:
    """What judged requests failed with, as their first try saw it."""
    if not one.targets.failed:
        return []
    counts = Counter()
    for result in one.shown:
        counts.update(result["figures"].get("reasons", {}))
    return [f"{one.name}: {times} times {reason}" for reason, times in counts.most_common(3)]


def cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


# -- Layout ------------------------------------------------------------------------------------------------------------


def table(rows: list[list[str]], colour: bool) -> list[str]:
    """Columns as wide as they must be; one without any figure is left out."""
    filled = [n for n in range(len(COLUMNS)) if any(line[n] for line in rows[2:])]
    widths = {n: max(len(line[n]) for line in rows) for n in filled}
    between = "  " if sum(widths.values()) + 2 * len(filled) <= WIDTH else " "
    return [painted(between.join(padded(line[n], widths[n], n) for n in filled), line[-1], colour) for line in rows]


def padded(value: str, width: int, number: int) -> str:
    return value.ljust(width) if COLUMNS[number].words else value.rjust(width)


def painted(line: str, state: str, colour: bool) -> str:
    line = line.rstrip()
    if not colour or state not in COLOURS:
        return line
    return f"{line.removesuffix(state)}{COLOURS[state]}{state}{PLAIN}"
