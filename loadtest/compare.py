"""The run before this one, of the same profile: what has changed, as ratios. A foreign file is skipped."""

import json
from pathlib import Path

SAME = ("rate", "users", "seconds", "mix", "phases", "limits")  # settings that make two runs comparable


def previous(folder: Path, run: dict) -> dict | None:
    """The latest earlier run of the profile, one with the same settings before any other; invalid runs do not count."""
    runs = [found for path in folder.glob(f"loadtest-{run['profile']}-*.json") if (found := _read(path, run))]
    earlier = sorted((one for one in runs if one["began"] < run["began"]), key=lambda one: one["began"])
    alike = [one for one in earlier if not differing(one, run)]
    return (alike or earlier or [None])[-1]


def _read(path: Path, run: dict) -> dict | None:
    try:
        found = json.loads(path.read_text())
        figures(found)
        ours = found["profile"] == run["profile"] and found["verdict"] != "invalid" and isinstance(found["began"], str)
        return found if ours and isinstance(found["settings"], dict) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def differing(before: dict, run: dict) -> list[str]:
    """Settings (and the machine) that are not the same, each as `rate 20, now 40`."""
    pairs = [(name, before["settings"].get(name), run["settings"].get(name)) for name in SAME]
    pairs.append(("machine", before.get("machine"), run.get("machine")))
    return [f"{name} {was}, now {now}" for name, was, now in pairs if _plain(was) != _plain(now)]


def _plain(value):
    return json.loads(json.dumps(value))  # tuples come back from a file as lists


def figures(run: dict) -> dict[str, float]:
    return {
        "rate": (run["requests"] - run["failed"] - run["refused"]) / (run["seconds"] or 1),
        **{name: float(run["latency"][name]) for name in ("p50", "p95", "p99")},
        "errors": float(run["error_share"]),
    }


def compare(before: dict, run: dict) -> dict:
    """{"began", "commit", "verdict", "differs": [...], "figures": {name: {"before", "now", "ratio" or None}}}"""
    was, now = figures(before), figures(run)
    rows = {
        name: {"before": was[name], "now": now[name], "ratio": round(now[name] / was[name], 3) if was[name] else None}
        for name in now
    }
    return {"began": before["began"], "commit": before.get("commit", ""), "verdict": before["verdict"],
            "differs": differing(before, run), "figures": rows}  # fmt: skip
