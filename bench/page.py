"""Writes what was measured into docs/capacity.md, between its two marker lines; the words around them stay.

usage: bench/run page      uses reports/bench/*.json and reports/loadtest-*.json; what was not measured is said to be so
"""

import time
from itertools import chain

from stack.engine import ROOT

from bench import profiles
from bench.results import load, machine

PAGE = ROOT / "docs/capacity.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def row(what: str, goal: str, measured: str) -> str:
    return f"| {what} | {goal} | {measured} |"


def seconds(value) -> str:
    return "not measured" if value is None else f"{value:.1f} s"


def startup() -> list[str]:
    found = load("startup") or {}
    nothing = found.get("nothing")
    first = [row("`make up` from nothing: no engine, no image", "≤ 10 min", seconds(nothing))] if nothing else []
    return [
        *first,
        row("`make up` from built images, empty volumes", "≤ 90 s", seconds(found.get("empty"))),
        row("`make up` when running", "≤ 10 s", seconds(found.get("running"))),
    ]


def idle() -> list[str]:
    found = load("idle")
    if not found:
        return [row("idle", "≤ 3.5 GB, ≤ 35 % of one core", "not measured")]
    scope = f"{found['containers']} containers over {found['seconds']} s"
    return [
        row(f"idle memory, {scope}", "≤ 3.5 GB", f"{found['memory_mb']} MB"),
        row(f"idle CPU, {scope}", "≤ 35 % of one core", f"{found['cpu_percent_of_a_core']} %"),
    ]


def path() -> list[str]:
    found = load("path")
    if not found:
        return [row("CPU per request, edge to replica, against one replica directly", "≤ 1.25 times", "not measured")]
    ratios = found["ratios"]
    figure = f"{found['ratio']:.2f} times ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs): "
    figure += f"{found['edge_ms']:.1f} ms against {found['direct_ms']:.1f} ms at {found['rate']} requests a second"
    return [row("CPU per request, edge to replica, against one replica directly", "≤ 1.25 times", figure)]


def spread() -> list[str]:
    found = load("spread")
    shares = ", ".join(f"{share} %" for share in found["percent"]) if found else "not measured"
    return [row("share of each replica in 300 requests that no cache answers", "20 to 47 %", shares)]


def events() -> list[str]:
    """What the bus does; nothing of what has not been measured."""
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
    """What the gateway adds; nothing when that has not been measured."""
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


def loads() -> list[str]:
    times = ("p50, ms", "p95, ms", "p99, ms")
    orders = "orders confirmed p50 · p95, ms"
    head = ("`make loadtest PROFILE=`", "requests/s", "seconds", "runs", *times, orders, "failed", "late p99, ms")
    rows = [load_row(name, profile) for name, profile in profiles.profiles().items()]
    machines = {run["machine"] for name, profile in profiles.profiles().items() for run in profiles.runs(name, profile)}
    where = [f"Load profiles, on {'; '.join(sorted(machines))}:", ""] if machines else []
    return [*where, f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows]


def load_row(name: str, profile: dict) -> str:
    found = profiles.runs(name, profile)
    if not found:
        return f"| {name} | {profile['rate']} | {profile['seconds']} | none | | | | | | |"
    times = " | ".join(f"{profiles.latency(found, level)}{limit(profile, level)}" for level in ("p50", "p95", "p99"))
    late = max(run["late"]["p99"] for run in found) * 1000
    head = f"| {name} | {profile['rate']} | {profile['seconds']} | {len(found)} | {times}"
    return f"{head} | {confirmed(found, profile)} | {profiles.failed(found)} | {late:.1f} |"


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
    """What grew by more than a megabyte in the latest soak; without one there is nothing to say."""
    found = profiles.runs("soak", profiles.profiles()["soak"])
    if not found:
        return []
    grown = [one for one in profiles.growth(found[-1]) if one[2] > one[1] + 1]
    listed = ", ".join(f"{name} {before:.0f} → {after:.0f}" for name, before, after in grown) or "none"
    return ["", f"Memory over the soak, MB, first minute → last, where it grew by more than one: {listed}."]


def block() -> str:
    heading = f"Measured on {time.strftime('%Y-%m-%d')}: {machine()}."
    tables = [startup(), idle(), path(), spread(), gateway(), events()]
    table = ["| what | goal | measured |", "|---|---|---|", *chain.from_iterable(tables)]
    return "\n".join([BEGIN, heading, "", *table, "", *loads(), *soak(), END])


def main() -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + block() + after)
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
