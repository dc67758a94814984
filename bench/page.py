"""Writes what was measured into docs/capacity.md, between its two marker lines; the words around them stay.

usage: bench/run page      uses reports/bench/*.json and reports/loadtest-*.json

What was not measured here stays on the page as it is, with its day and machine.
"""

import re
import time
from collections.abc import Callable

from stack.engine import ROOT

from bench import profiles
from bench.results import load, machine

PAGE = ROOT / "docs/capacity.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


HEADING = re.compile(r"^Measured on (.+)\.$", re.MULTILINE)
EARLIER = re.compile(r"^Measured earlier, on (.+): ([a-z, ]+)\.$", re.MULTILINE)


def row(what: str, goal: str, measured: str) -> str:
    return f"| {what} | {goal} | {measured} |"


def seconds(value: float) -> str:
    return f"{value:.1f} s"


def startup() -> list[str]:
    found = load("startup")
    if not found:
        return []
    nothing = found["nothing"]
    first = [row("`make up` from nothing: no engine, no image", "≤ 10 min", seconds(nothing))] if nothing else []
    return [
        *first,
        row("`make up` from built images, empty volumes", "≤ 90 s", seconds(found["empty"])),
        row("`make up` when running", "≤ 10 s", seconds(found["running"])),
    ]


def idle() -> list[str]:
    found = load("idle")
    if not found:
        return []
    scope = f"{found['containers']} containers over {found['seconds']} s"
    return [
        row(f"idle memory, {scope}", "≤ 3.5 GB", f"{found['memory_mb']} MB"),
        row(f"idle CPU, {scope}", "≤ 35 % of one core", f"{found['cpu_percent_of_a_core']} %"),
    ]


def path() -> list[str]:
    found = load("path")
    if not found:
        return []
    ratios = found["ratios"]
    figure = f"{found['ratio']:.2f} times ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs): "
    figure += f"{found['edge_ms']:.1f} ms against {found['direct_ms']:.1f} ms at {found['rate']} requests a second"
    return [row("CPU per request, edge to replica, against one replica directly", "≤ 1.25 times", figure)]


def spread() -> list[str]:
    found = load("spread")
    if not found:
        return []
    shares = ", ".join(f"{share} %" for share in found["percent"])
    return [row("share of each replica in 300 requests that no cache answers", "20 to 47 %", shares)]


def events() -> list[str]:
    """What the bus does."""
    found = load("events") or {}
    parts = {"idle": arrival, "saga": saga, "sustained": sustained, "drain": drain}
    return [line for name, lines in parts.items() if name in found for line in lines(found[name])]


def arrival(found: dict) -> list[str]:
    what = "from writing an event to seeing its effect in the consumer, one a second"
    how = f"({found['events']} events, two consumers, looked for every {found['look_ms']:.0f} ms)"
    goals = {"p50": "≤ 100 ms", "p99": "≤ 500 ms"}
    return [row(f"{what}, {share}", goal, f"{found[share]:.0f} ms {how}") for share, goal in goals.items()]


def saga(found: dict) -> list[str]:
    figure = f"{found['p50']:.0f} ms (p95 {found['p95']:.0f} ms, {found['orders']} orders, one a second)"
    return [row("order placed → confirmed, p50", "≤ 400 ms", figure)]


def sustained(found: dict) -> list[str]:
    backlog = f"{found['middle']:.0f} deliveries unconfirmed in the second third, {found['last']:.0f} in the last"
    told = f"{found['told']:.0f} told, each to {found['queues']} services"
    figure = f"{found['carried']:.0f} events/s ({told}; {backlog}; {found['cores']:.1f} cores)"
    what = "events a second through relay and workers" + ("" if found["stands"] else ", the backlog growing")
    return [row(f"{what}, {found['seconds']} s", "≥ 300 events/s", figure)]


def drain(found: dict) -> list[str]:
    kills = ", ".join(f"{name} at {left} left" for name, left in found["left_at_kill"].items())
    how = f"({found['deliveries']} deliveries in {found['seconds']:.0f} s; killed: {kills})"
    what = f"lost or doubled of a backlog of {found['events']} events, through three kills"
    return [row(what, "≤ 0 events", f"{found['lost'] + found['doubled']} events {how}")]


def gateway() -> list[str]:
    """What the gateway adds."""
    found = load("gateway")
    if not found:
        return []
    ratios = found["ratios"]
    figure = f"{found['ratio']:.2f} times ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs): "
    figure += f"{found['gateway_ms']:.1f} ms against {found['direct_ms']:.1f} ms at {found['rate']} requests a second"
    made = f"{found['connections_per_1000']:.2f} connections ({found['requests']} requests)"
    return [
        row("CPU per request, through the gateway, against the service directly", "≤ 2.0 times", figure),
        row("new connections of the gateway to services, per 1,000 requests", "≤ 1 connections", made),
    ]


# -- The load profiles -------------------------------------------------------------------------------------------------


TIMES = ("p50, ms", "p95, ms", "p99, ms")
ORDERS = "orders confirmed p50 · p95, ms"
HEAD = ("`make loadtest PROFILE=`", "requests/s", "seconds", "runs", *TIMES, ORDERS, "failed", "late p99, ms")


def load_row(name: str, profile: dict) -> list[str]:
    found = profiles.runs(name, profile)
    if not found:
        return []
    times = " | ".join(f"{profiles.latency(found, level)}{limit(profile, level)}" for level in ("p50", "p95", "p99"))
    late = max(run["late"]["p99"] for run in found) * 1000
    head = f"| {name} | {profile['rate']} | {profile['seconds']} | {len(found)} | {times}"
    return [f"{head} | {confirmed(found, profile)} | {profiles.failed(found)} | {late:.1f} |"]


def confirmed(found: list[dict], profile: dict) -> str:
    """Of the orders that were watched; a profile without any has none."""
    of_orders = [run for run in found if run.get("confirmed", {}).get("orders")]
    if not of_orders:
        return ""
    shown = (
        profiles.latency(of_orders, level, "confirmed") + limit(profile, f"confirmed_{level}")
        for level in ("p50", "p95")
    )
    return " · ".join(shown)


def limit(profile: dict, level: str) -> str:
    threshold = profile["thresholds"].get(level)
    return f" (≤ {threshold * 1000:.0f})" if threshold else ""


def soak() -> list[str]:
    """What grew by more than a megabyte in the latest soak."""
    found = profiles.runs("soak", profiles.profiles()["soak"])
    if not found:
        return []
    grown = [one for one in profiles.growth(found[-1]) if one[2] > one[1] + 1]
    listed = ", ".join(f"{name} {before:.0f} → {after:.0f}" for name, before, after in grown) or "none"
    return [f"Memory over the soak, MB, first minute → last, where it grew by more than one: {listed}."]


# -- The page ----------------------------------------------------------------------------------------------------------

# Part -> its lines of now, and how those of an older page begin.
PARTS: dict[str, tuple[Callable[[], list[str]], tuple[str, ...]]] = {
    "startup": (startup, ("| `make up`",)),
    "idle": (idle, ("| idle ",)),
    "path": (path, ("| CPU per request, edge",)),
    "spread": (spread, ("| share of each replica",)),
    "gateway": (gateway, ("| CPU per request, through", "| new connections")),
    "events": (events, ("| from writing", "| order placed", "| events a second", "| lost or doubled")),
}


class Page:
    """The block as it stood, and what of it is kept."""

    def __init__(self, old: str):
        self.old = old
        heading = HEADING.search(old)
        self.origin = heading[1] if heading else ""
        self.origins = {part: found[1] for found in EARLIER.finditer(old) for part in found[2].split(", ")}
        self.kept: dict[str, str] = {}

    def lines(self, part: str, now: list[str], beginnings: tuple[str, ...]) -> list[str]:
        """Those of now; else those of before, which are of another day."""
        if now:
            return now
        before = [line for line in self.old.splitlines() if line.startswith(beginnings) and "| none |" not in line]
        if before:
            self.kept[part] = self.origins.get(part, self.origin)
        return before

    @property
    def earlier(self) -> list[str]:
        parts: dict[str, list[str]] = {}
        for part, origin in self.kept.items():
            parts.setdefault(origin, []).append(part)
        return [f"Measured earlier, on {origin}: {', '.join(names)}." for origin, names in parts.items()]


def block(old: str = "") -> str:
    page, known = Page(old), profiles.profiles()
    table = [line for part, (now, begin) in PARTS.items() for line in page.lines(part, now(), begin)]
    rows = [line for name, one in known.items() for line in page.lines(name, load_row(name, one), (f"| {name} |",))]
    memory = soak() or [line for line in old.splitlines() if line.startswith("Memory over the soak")]
    head = [f"Measured on {time.strftime('%Y-%m-%d')}: {machine()}.", *page.earlier]
    measures = ["| what | goal | measured |", "|---|---|---|", *table]
    loads = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *rows]
    return "\n".join([BEGIN, "\n\n".join(head), "", *measures, "", *loads, "", *memory, END])


def main() -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    PAGE.write_text(before + block(old) + after)
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
