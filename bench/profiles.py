"""The load profiles' latest runs, as docs/capacity.md states them: what `make loadtest` has left in reports/."""

import json
import statistics
import tomllib

from stack.engine import REPORTS, ROOT

RUNS = 3  # of a profile, the latest that are valid and of its own rate and length
EDGE = 60  # samples at either end of a run, whose medians tell what has grown


def profiles() -> dict[str, dict]:
    return tomllib.loads((ROOT / "loadtest/profiles.toml").read_text())


def runs(name: str, profile: dict) -> list[dict]:
    """The latest valid ones, the newest last."""
    found = [json.loads(path.read_text()) for path in sorted(REPORTS.glob(f"loadtest-{name}-*.json"))]
    asked = profile["rate"], profile["seconds"]
    return [r for r in found if not r["invalid"] and (r["settings"]["rate"], r["settings"]["seconds"]) == asked][-RUNS:]


def latency(found: list[dict], name: str, of: str = "latency") -> str:
    """Median and worst, in milliseconds."""
    values = [run[of][name] * 1000 for run in found]
    if len(values) == 1:
        return f"{values[0]:.0f}"
    return f"{statistics.median(values):.0f} / {max(values):.0f}"


def failed(found: list[dict]) -> str:
    return f"{sum(run['failed'] for run in found)} of {sum(run['requests'] for run in found)}"


def growth(run: dict) -> list[tuple[str, float, float]]:
    """Container, MB in the first minute, MB in the last; those that have grown most first."""
    samples = [sample["containers"] for sample in run["containers"]["samples"]]

    def level(name: str, part: list[dict]) -> float:
        return statistics.median([one[name][1] for one in part if one.get(name)] or [0]) / 2**20

    names = samples[0]
    levels = [(name, level(name, samples[:EDGE]), level(name, samples[-EDGE:])) for name in names]
    return sorted(levels, key=lambda one: one[1] - one[2])
