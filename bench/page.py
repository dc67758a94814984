"""Writes what was measured into docs/capacity.md, between its two marker lines; the words around them stay.

usage: bench/run page      uses reports/bench/*.json; what was not measured is said to be so
"""

import time

from stack.engine import ROOT

from bench.results import load, machine

PAGE = ROOT / "docs/capacity.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def row(what: str, goal: str, measured: str) -> str:
    return f"| {what} | {goal} | {measured} |"


def seconds(value) -> str:
    return "not measured" if value is None else f"{value:.1f} s"


def startup() -> list[str]:
    found = load("startup") or {}
    return [
        row("`make up` from nothing: no engine, no image", "≤ 10 min", seconds(found.get("nothing"))),
        row("`make up` from built images, empty volumes", "≤ 90 s", seconds(found.get("empty"))),
        row("`make up` when running", "≤ 10 s", seconds(found.get("running"))),
    ]


def idle() -> list[str]:
    found = load("idle")
    if not found:
        return [row("idle", "≤ 2 GB, ≤ 20 % of one core", "not measured")]
    scope = f"{found['containers']} containers over {found['seconds']} s"
    return [
        row(f"idle memory, {scope}", "≤ 2 GB", f"{found['memory_mb']} MB"),
        row(f"idle CPU, {scope}", "≤ 20 % of one core", f"{found['cpu_percent_of_a_core']} %"),
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


def block() -> str:
    heading = f"Measured on {time.strftime('%Y-%m-%d')}: {machine()}."
    table = ["| what | goal | measured |", "|---|---|---|", *startup(), *idle(), *path(), *spread()]
    return "\n".join([BEGIN, heading, "", *table, END])


def main() -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + block() + after)
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
