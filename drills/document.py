"""Writes docs/failover.md from what has been measured. Rows keep their order: a new run changes its own line only."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from string import Template

from stack.engine import ROOT
from stack.host import STARVED

from drills import card, kept, matrix, targets
from drills.judge import INVALID, PASS
from drills.kept import NOTHING, Kept
from drills.set_up import is_decided_early
from drills.standing import Standing, back, bound, early_words, missed, seconds, spread, standings
from drills.store import LATEST, write_whole
from drills.targets import LATE_START, late

PAGE = ROOT / "docs/failover.md"
TEMPLATE = Path(__file__).with_name("failover.md.template")
EARLY = "decisions/0028-early-release-of-a-dead-leaders-lease.md"
REMARKS = Path(__file__).with_name("remarks.toml")

LATE_STACK = late("stack", "stop")
HOW = (
    "Open loop: requests start at their planned times whether or not earlier ones have ended, and latency counts from "
    "the planned start. Three of four reads carry a session, so that the edge's cache cannot answer them.",
    "Raw figures are those of first tries, and they are what is judged. Failed: no 2xx or 3xx within 60 s of the "
    "planned start.",
    "A gap is the longest time after the fault without a good answer of that kind from the application; an answer from "
    "a cache ends none.",
    "Every acknowledged write is on a disk outside the stack, synced, before the client goes on; after the drill these "
    "lines are held against the tables. After each write its author opens the page that must show it.",
    "An order is placed over the API, with a key, by an account that orders the same things in no other way. Within a "
    "minute after the load each acknowledged one must be in the database of orders once, under its id, with its items, "
    "and have its end: confirmed, rejected or cancelled. What is gone from each product's stock must be what its "
    "reservations took, and what was confirmed and not cancelled; and the shop must show that stock.",
    "A primary that was frozen or cut off may wake when another has long taken over. Nothing that it acknowledges then "
    "may be missing at the end: such a write is in the ledger too, and would count as lost. To whom each balancer "
    "sends writes is among a run's events.",
    "Failovers: how often the leadership of Postgres moved, as Patroni tells it twice a second.",
    f"The figures of a drill are of its {LATEST} latest valid runs at most; older ones were of another stack.",
    "A run is invalid, and never passes, when it is empty or cut short, when its ledger lacks a line, when less than "
    "90 % of the planned writes were offered, when the host kept more than "
    f"{STARVED * 100:g} % of the machine's cores to itself, or when the 99th percentile of late starts is above "
    f"{LATE_START * 1000:g} ms ({LATE_STACK * 1000:g} ms where the whole stack ends; 5 ms until 2026-11-21). "
    "No such limit holds for starve, where requests wait for others to end and nothing is timed.",
)


def write(results: Iterable[dict], path: Path = PAGE) -> Path:
    """The page of these results; what it says of other drills stays."""
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    write_whole(path, text(results, remarks(), page))
    return path


def remarks(path: Path = REMARKS) -> dict[str, str]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def text(results: Iterable[dict], remarks: dict[str, str], page: str = "") -> str:
    """`page`: the one that stood there before."""
    found, template = standings(results), TEMPLATE.read_text(encoding="utf-8")
    older = kept.of(page, template, known := names(), {one.name for one in found if one.state != INVALID})
    found = [one for one in found if one.name not in older.rows]  # runs that cannot tell take nothing's place
    rows = older.rows | {one.name: row(one) for one in found}
    lines = sorted(rows, key=known.index)
    how = "\n".join(f"- {line}" for line in (*HOW, *client(found, older)))
    parts = {"subject": subject(found, older), "faults": faults(), "rows": "\n".join(map(rows.get, lines)), "how": how}
    return Template(template).substitute(parts, missed=misses(found, remarks, older))


def names() -> list[str]:
    """Every drill, in the order of the table of targets."""
    return [f"{victim} {fault}" for row in targets.ROWS for victim in row.victims for fault in row.faults]


def subject(found: list[Standing], older: Kept = NOTHING) -> str:
    machines = dict.fromkeys([*(result["record"]["machine"] for one in found for result in one.shown), *older.machines])
    states = [one.state for one in found] + list(older.states.values())
    passed = f"{states.count(PASS)} of {len(states)} drills measured reach their targets."
    missing = unmeasured({one.name for one in found} | older.rows.keys())
    lines = [f"Measured on {'; '.join(machines)}.{early(found, older)} {passed}"] if states else []
    if older.rows:
        lines.append(f"{len(older.rows)} of the rows are of older results, of another checkout; each names its commit.")
    return "\n\n".join(lines + ([f"Not measured yet: {missing}."] if missing else []))


def early(found: list[Standing], older: Kept) -> str:
    """Whether leases were released early, where that decides a figure."""
    words = early_words(found).split(" and ") if early_words(found) else []
    if any(is_decided_early(name) for name in older.rows):
        words += older.early
    said = " and ".join(word for word in ("off", "on") if word in words)
    return f" Early release of a dead leader's lease ([0028]({EARLY})) is {said}." if said else ""


def faults() -> str:
    """What each fault does, how long it stays so, and to whom it is done, if not to each kind of container."""
    return "\n".join(f"- `{fault.name}`{whom(fault)}: {fault.says}{lasting(fault)}" for fault in matrix.FAULTS)


def whom(fault: matrix.Fault) -> str:
    return "" if fault.name in matrix.HARM else f" ({', '.join(matrix.fits(fault))})"


def lasting(fault: matrix.Fault) -> str:
    return f"; {fault.seconds:g} s" if fault.lasts else ""


def unmeasured(names: set[str]) -> str:
    """`nginx stop, pause; web kill`: what the matrix has and the table has not."""
    faults: dict[str, list[str]] = {}
    for drill in matrix.every():
        if f"{drill.victim.name} {drill.fault.name}" not in names:
            faults.setdefault(drill.victim.name, []).append(drill.fault.name)
    return "; ".join(f"{victim} {', '.join(of_victim)}" for victim, of_victim in faults.items())


# -- A row -------------------------------------------------------------------------------------------------------------


def row(one: Standing) -> str:
    counts = [card.count(one, name) for name in ("lost", "twice", "unseen")]
    cells = [
        one.name, runs(one), failed(one), card.count(one, "failed_with_retry"), writes(one),
        gap(one, "read_gap"), seconds(one.worst("slowest")), failovers(one), *counts, *bought(one), whole(one),
        card.count(one, "operator"), one.state, ", ".join(one.commits),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def runs(one: Standing) -> str:
    planned = matrix.RUNS.get((one.victim, one.fault), 1)
    return f"{len(one.shown)} of {planned}" if len(one.shown) < planned else str(len(one.shown))


def failed(one: Standing) -> str:
    target = f" ({one.targets.failed})" if one.targets.failed else ""
    return f"{card.count(one, 'failed')} of {card.count(one, 'requests')}{target}"


def gap(one: Standing, name: str) -> str:
    limit = bound(one, name).replace("/", " / ")
    return f"{spread(one, name).replace('/', ' / ')}{f' ({limit})'.replace(' s)', ')') if limit else ''}"


def writes(one: Standing) -> str:
    """Of what is judged by its return only, that stands beside."""
    judged = back(one)
    return gap(one, "write_gap") + (f"; back {gap(one, judged)}" if judged else "")


def bought(one: Standing) -> list[str]:
    """Orders, stock, and how long an order waited for its end; runs of before there were orders do not say."""
    if one.total("orders_lost") is None:
        return ["?", "?", "?"]
    orders, stock = (card.of_kind(one, *names).replace("/", " / ") for names in card.KEPT[1:])
    return [f"{orders} of {card.count(one, 'orders')}", stock, waited(one)]


def waited(one: Standing) -> str:
    """The longest; where it is judged, also how long after the undoing the last one ended."""
    after = gap(one, "orders_ended_after") if one.targets.orders_ended_after else ""
    return gap(one, "orders_delayed") + (f"; after the undoing {after}" if after else "")


def failovers(one: Standing) -> str:
    """Of all runs, as the other counts."""
    target = f" ({one.targets.failovers})" if one.targets.failovers else ""
    return f"{card.count(one, 'failovers')}{target}"


def whole(one: Standing) -> str:
    """Its target only where it is not the one that the text below the table has."""
    limit = one.targets.whole_after
    target = "" if limit == card.COMMON.whole_after else f" ({limit})".replace(" s)", ")")
    return spread(one, "whole_after", 0).replace("/", " / ") + target


# -- Around the table --------------------------------------------------------------------------------------------------


def misses(found: list[Standing], remarks: dict[str, str], older: Kept = NOTHING) -> str:
    """Every missed target, and the remark on it; remarks on drills that pass as well."""
    said = {one.name: about(one, remarks.get(one.name, "")) for one in found}
    for name, lines in older.missed.items():
        said[name] = [why(remarks.get(name)) if line.startswith(kept.WHY) else line for line in lines]
    lines = [line for name in sorted(said, key=names().index) for line in said[name]]
    states = [one.state for one in found] + list(older.states.values())
    nothing = "No target is missed." if states else "Nothing is measured yet."
    passed = all(state == PASS for state in states)
    return "\n".join(([nothing, *[""] * bool(lines)] if passed else []) + lines)


def about(one: Standing, remark: str) -> list[str]:
    lines = [f"- {line}" for line in (*missed(one), *card.reasons(one))]
    if one.state != PASS:
        return [*lines, why(remark)]
    return [*lines, f"- {one.name}: {remark}"] if remark else lines


def why(remark: str | None) -> str:
    return f"{kept.WHY} {remark or 'not explained yet'}"


def client(found: list[Standing], older: Kept = NOTHING) -> list[str]:
    """What the client of these runs did, as it said itself: the usual way, then others with their drills."""
    ways: dict[str, list[str]] = {}
    for one in found:
        for line in dict.fromkeys(said(result["record"]) for result in one.shown):
            ways.setdefault(line, []).append(one.name)
    for name, line in older.loads.items():
        ways.setdefault(line, []).append(name)
    usual, *others = sorted(ways, key=lambda line: -len(ways[line])) or [""]
    order = names().index
    told = (f"{', '.join(sorted(ways[line], key=order))}: {line}" for line in others)
    return [line for line in (usual, *told) if line]


def said(record: dict) -> str:
    load, retry = record.get("set_up", {}), record.get("client", {}).get("retry", {})
    statuses = ", ".join(str(status) for status in retry.get("statuses", []) if status)
    rate, writes = load.get("rate", 0), load.get("write_share", 0) * 100
    begin = f"The load: {rate:g} requests a second, {writes:g} % of them writes"
    begin += f", {load['orders'] * 100:g} % of those orders." if load.get("orders") else "."
    if not retry:
        return f"{begin} The client tried nothing again."
    return (
        f"{begin} For the figures with retry the client tries again after no answer, {statuses}, with the same key"
        f" and body, after Retry-After or a pause from {retry.get('first', 0):g} s doubling to"
        f" {retry.get('longest', 0):g} s, within {retry.get('within', 60):g} s."
    )
