"""What a load test prints: first what it will do, in the end what came of it. Text only, no colour."""

from .profiles import Plan

MARK = {True: "ok", False: "MISSED"}


def heading(plan: Plan, folder: str) -> str:
    rates = " then ".join(f"{rate:g}/s for {seconds:g} s" for seconds, rate in plan.arrivals)
    limits = ", ".join(f"{name} ≤ {limit(name, target)}" for name, target in plan.thresholds.items())
    return "\n".join([
        f"Load test '{plan.name}': {plan.about}",
        f"  requests    {rates}: {plan.requests} in {plan.seconds} s, started as planned whatever the answers do",
        f"  people      {plan.users}, seed {plan.seed}",
        f"  thresholds  {limits}",
        f"  report      {folder}/",
    ])  # fmt: skip


def limit(name: str, value: float) -> str:
    return f"{value:.2%}" if name.endswith("share") else f"{value * 1000:.0f} ms"


def table(head: tuple[str, ...], rows: list[tuple]) -> str:
    """Columns as wide as they need; the first is set to the left, the others to the right."""
    cells = [tuple(map(str, row)) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join("  " + "  ".join(align(row, widths)).rstrip() for row in cells)


def align(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]


def times(row: dict) -> list[str]:
    return [f"{row[name] * 1000:.0f}" for name in ("p50", "p95", "p99", "max")]


def steps(run: dict) -> str:
    head = ("step", "requests", "failed", "refused", "p50", "p95", "p99", "max ms")
    every = {"step": "all", **run, **run["latency"]}
    rows = [*run["by_step"], every]
    return table(head, [(row["step"], row["requests"], row["failed"], row["refused"], *times(row)) for row in rows])


def thresholds(run: dict) -> str:
    rows = [
        (t["name"], limit(t["name"], t["figure"]), limit(t["name"], t["target"]), MARK[t["ok"]])
        for t in run["thresholds"]
    ]
    return table(("threshold", "figure", "target", ""), rows)


def spread(run: dict) -> str:
    answered = "  ".join(f"{name} {number}" for name, number in run["replicas"].items()) or "none"
    late = ", ".join(f"{name} {value * 1000:.1f} ms" for name, value in run["late"].items())
    return f"  answered by  {answered}  (and {run['cached']} from the edge's cache)\n  late starts  {late}"


def confirmed(run: dict) -> str:
    times = ", ".join(f"{name} {run['confirmed'][name] * 1000:.0f} ms" for name in ("p50", "p95"))
    return f"  orders       {run['confirmed']['orders']} watched until they were confirmed: {times}"


def reasons(run: dict) -> str:
    return "\n".join(["  not good:", *(f"    {number:6}  {reason}" for reason, number in run["reasons"].items())])


def conclusion(run: dict) -> str:
    missed = ", ".join(t["name"] for t in run["thresholds"] if not t["ok"])
    said = {
        "passed": "PASSED: every threshold is met",
        "missed": f"MISSED: {missed}",
        "invalid": f"INVALID: {run['invalid']}. It says nothing about the stack",
    }[run["verdict"]]
    return f"Interrupted after {run['seconds']:g} s; so far: {said}" if run.get("interrupted") else said


def ending(run: dict) -> str:
    orders = [confirmed(run)] if run["confirmed"]["orders"] else []
    causes = [reasons(run)] if run["reasons"] else []
    parts = [steps(run), spread(run), *orders, *causes, thresholds(run), conclusion(run)]
    return "\n" + "\n\n".join(parts)
