"""The charts of the load test's page: what was asked and answered, how fast, and what it took, over time."""

from .openloop import LATE_START
from .plots import Limit, Mark, Series, chart

BUSIEST = 6  # containers in the charts
LATENCIES = ("p50", "p95", "p99")


def column(rows: list[dict], name: str, known=lambda row: True) -> list[tuple]:
    return [(row["t"], row[name] if known(row) else None) for row in rows]


def over_time(run: dict) -> str:
    rows, marks = run["per_second"], saturated(run)
    targets = {one["name"]: one["target"] for one in run["thresholds"]}
    colours = {name: str(number) for number, name in enumerate(LATENCIES, 1)}  # as the series have them
    limits = [Limit(targets[name], f"{name} target", colours[name]) for name in LATENCIES if name in targets]
    return "".join((
        chart("Requests a second", [
            Series("planned", column(rows, "planned"), "steps", "muted"),
            Series("answered", column(rows, "done"), "area", "1"),
            Series("refused", column(rows, "refused"), colour="warn"),
            Series("failed", column(rows, "failed"), colour="bad"),
        ], marks, unit="/s", note="answered: in the second in which the answer came"),
        chart("Latency from the planned start", [
            Series(name, column(rows, name, lambda row: row["planned"])) for name in LATENCIES
        ], marks, unit="s", log=True, limits=limits, note="by the second of the planned start; logarithmic"),
        chart("In flight", [Series("requests", column(rows, "in_flight"), "area")], marks, height=110),
        chart("Late starts of the generator", [
            Series("p99", column(rows, "late_p99", lambda row: row["planned"]), colour="5")
        ], unit="s", height=110, limits=[Limit(LATE_START, "invalid above")]),
        resources(run, marks),
    ))  # fmt: skip


def saturated(run: dict) -> list[Mark]:
    first = run["saturation"]
    if "at" not in first:
        return []
    what = " ".join(filter(None, (first["name"], first["resource"])))
    return [Mark(first["at"], f"first: {what}", colour="warn")]


def resources(run: dict, marks: list[Mark]) -> str:
    record = run["containers"]
    samples, names = record["samples"], [row["name"] for row in containers(record)[:BUSIEST]]
    machine = [
        Series("all cores", [(s["t"], s["host"] * 100) for s in samples], "area", "8"),
        Series("generator, of its one core", [(s["t"], s["generator"] * 100) for s in samples], colour="5"),
    ]
    queues = {pool for s in samples for pool, (queued, _, _) in s["pools"].items() if queued}
    cpu = [Series(name, _track(samples, name, 0, 100)) for name in names]
    memory = [Series(name, _track(samples, name, 1)) for name in names]
    waiting = [Series(pool, _queue(samples, pool), "steps") for pool in sorted(queues)]
    return "".join((
        chart("CPU of the busiest containers", cpu, marks, unit="%", note="100 % is one core"),
        chart("CPU of the machine and of the generator", machine, marks, unit="%", height=110),
        chart("Memory of the same containers", memory, marks, unit="B", height=140),
        chart("Waiting for a slot in HAProxy", waiting, marks, height=110) if waiting else "",
    ))  # fmt: skip


def _track(samples: list[dict], name: str, index: int, times: float = 1) -> list[tuple]:
    """One container's figure over time; a gap while it was gone."""
    found = ((s["t"], s["containers"].get(name)) for s in samples)
    return [(t, used[index] * times if used else None) for t, used in found]


def _queue(samples: list[dict], pool: str) -> list[tuple]:
    return [(s["t"], s["pools"].get(pool, [None])[0]) for s in samples]


def containers(record: dict) -> list[dict]:
    """Of each container: CPU mean and peak (cores), memory peak (bytes), seconds gone; the busiest first."""
    found = []
    for name in {name: None for sample in record["samples"] for name in sample["containers"]}:
        seen = [sample["containers"].get(name) for sample in record["samples"]]
        there = [one for one in seen if one]
        if there:
            cpu = [one[0] for one in there]
            found.append({"name": name, "mean": sum(cpu) / len(cpu), "peak": max(cpu), "gone": len(seen) - len(there),
                          "memory": max(one[1] for one in there), "held": max(one[2] for one in there)})  # fmt: skip
    return sorted(found, key=lambda one: -one["mean"])
