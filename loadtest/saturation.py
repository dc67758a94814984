"""What ran out first while the load lasted. Pure functions over the sampler's record.

`first(run)` -> {"resource": "nothing" or a key of RESOURCES, "name": of the container, pool or "", "at": s,
"rate": requests/s that were answered then, "figure", "threshold", "sentence",
"also": [what ran out later, the same without "also"]}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

HOLD = 3.0  # seconds in a row over the threshold: shorter is a burst
SLACK = 0.1  # of HOLD: samples do not come at whole seconds


@dataclass(frozen=True)
class Resource:
    threshold: float
    text: str  # for format(): name, figure, percent, stack (cores that its containers took), cores


# In the order that is taken when several began in the same second: the narrower one explains the wider.
RESOURCES = {
    "queue": Resource(0, "{name} had requests waiting for a slot (up to {figure:.0f})"),
    "slots": Resource(0.99, "{name} had every slot taken"),
    "memory": Resource(0.95, "{name} used {percent:.0f} % of its memory limit"),
    "cpu": Resource(0.9, "{name} used {percent:.0f} % of its CPU limit"),
    "throttled": Resource(0.25, "{name} was held back by its CPU limit in {percent:.0f} % of the kernel's periods"),
    "generator": Resource(0.85, "the load generator itself used {percent:.0f} % of its one core"),
    "host": Resource(0.95, "the machine's {cores} cores were {percent:.0f} % busy, {stack:.1f} of them with the stack"),
}
NOTHING = "Nothing ran out: no container, pool or core stayed over its threshold for 3 s in a row."
UNKNOWN = "Not known: nothing was sampled."
Key = tuple[str, str]


def first(run: dict) -> dict:
    samples = run.get("containers", {}).get("samples", [])
    found = [_told(key, spell, run) for key, spell in _spells(run.get("containers", {}))]
    if found:
        return found[0] | {"also": found[1:]}
    return {"resource": "nothing", "name": "", "sentence": NOTHING if samples else UNKNOWN, "also": []}


def loads(sample: dict, record: dict) -> Iterator[tuple[Key, float]]:
    """Every resource of one second: how much of it was used, in the measure of its threshold."""
    yield ("host", ""), sample["host"]
    yield ("generator", ""), sample["generator"]
    for name, used in sample["containers"].items():
        if used:
            yield from _of_container(name, used, record)
    for name, (queued, used, slots) in sample["pools"].items():
        yield ("queue", name), queued
        if slots:
            yield ("slots", name), used / slots


def _of_container(name: str, used: list, record: dict) -> Iterator[tuple[Key, float]]:
    cpu, memory, held = used
    limit = record["limits"].get(name) or {}
    yield ("cpu", name), cpu / (limit.get("cpu") or record.get("cores") or 1)
    yield ("throttled", name), held
    if limit.get("memory"):
        yield ("memory", name), memory / limit["memory"]


def _spells(record: dict) -> list[tuple[Key, tuple[float, float]]]:
    """(resource, (began, highest figure in its first spell)) of each that lasted, in order of time."""
    samples = record.get("samples", [])
    starts = [max(0.0, samples[0]["t"] - 1.0), *(sample["t"] for sample in samples)] if samples else []
    tracks: dict[Key, list] = {}
    for (begin, end), sample in zip(pairwise(starts), samples, strict=True):
        for key, figure in loads(sample, record):
            tracks.setdefault(key, []).append((begin, end, figure))
    lasting = ((key, _lasting(track, RESOURCES[key[0]].threshold)) for key, track in tracks.items())
    order = list(RESOURCES)
    return sorted(((k, s) for k, s in lasting if s), key=lambda one: (int(one[1][0]), order.index(one[0][0])))


def _lasting(track: list, threshold: float) -> tuple[float, float] | None:
    """The first spell over the threshold that lasted long enough; a sample that is missing ends a spell."""
    began = peak = last = None
    kept = None
    for begin, end, figure in track:
        if figure <= threshold:
            if kept:
                break
            began = None
            continue
        if began is None or begin != last:
            if kept:
                break
            began, peak = begin, figure
        peak, last = max(peak, figure), end
        if end - began >= HOLD - SLACK:
            kept = began, peak
    return kept


def _told(key: Key, spell: tuple[float, float], run: dict) -> dict:
    (resource, name), (began, figure) = key, spell
    done = [row["done"] for row in run.get("per_second", []) if began <= row["t"] + 1 and row["t"] < began + HOLD]
    rate = round(sum(done) / len(done), 1) if done else None
    cores = run["containers"].get("cores") or 1
    facts = {"figure": figure, "percent": figure * 100, "cores": cores, "stack": stack_cores(run["containers"], began)}
    what = RESOURCES[resource].text.format(name=name, **facts)
    sentence = f"{what[0].upper() if not name else what[0]}{what[1:]} from {began:.0f} s on"
    sentence += f", at {rate:g} answered requests/s." if rate is not None else "."
    return {"resource": resource, "name": name, "at": round(began, 1), "rate": rate, "figure": round(figure, 4),
            "threshold": RESOURCES[resource].threshold, "sentence": sentence}  # fmt: skip


def stack_cores(record: dict, began: float) -> float:
    """What its containers took together in the seconds after `began`: a machine may be busy with something else."""
    rows = [one["containers"].values() for one in record["samples"] if began < one["t"] <= began + HOLD + SLACK]
    return sum(used[0] for row in rows for used in row if used) / max(len(rows), 1)
