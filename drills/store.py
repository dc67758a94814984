"""Results of drills accumulate in reports/drills/, one JSON file a run; nothing is overwritten, a torn file is skipped.

A result is {"record": …, "figures": …, "checks": [Check as dict, …], "state": pass | FAIL | INVALID}.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from stack.engine import REPORTS, ROOT

from drills.judge import Check, state
from drills.set_up import of_stack
from drills.targets import LATE_START, late

FOLDER = REPORTS / "drills"

LATEST = 10  # valid runs that the figures of a drill are of

# What readers of a result rely on.
PARTS = ("record", "figures", "checks", "state")
FACTS = ("victim", "fault", "at", "commit", "machine")
COUNTS = ("requests", "failed", "write_gap", "read_gap", "lost", "twice", "unseen")


def add(record: dict, figures: dict, checks: Iterable[Check], folder: Path = FOLDER) -> Path:
    """Keep a run, valid or not -> its file. OSError: no room, no permission."""
    checks = list(checks)
    result = {"record": record, "figures": figures, "checks": [check._asdict() for check in checks]}
    stamp = datetime.fromisoformat(record["at"]).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{record['victim']}-{record['fault']}-{stamp}.json"
    write_whole(path, json.dumps(result | {"state": state(checks)}, indent=1, ensure_ascii=False) + "\n")
    return path


def write_whole(path: Path, text: str) -> None:
    """It is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    try:
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # the disk is full: what was half written helps nobody
            half.unlink()
        raise


def results(since: str | None = None, folder: Path = FOLDER) -> list[dict]:
    """All that can be read, in order of time; with `since`, only those of that commit and its descendants."""
    found = (_read(path) for path in sorted(folder.glob("*.json")))
    kept = [result for result in found if result and (not since or descends(result["record"]["commit"], since))]
    return sorted(kept, key=lambda result: result["record"]["at"])


def _read(path: Path) -> dict | None:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        missing = [*_missing(result, PARTS), *_missing(result["record"], FACTS), *_missing(result["figures"], COUNTS)]
        if missing:
            raise ValueError(f"no {', '.join(missing)}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"{path} is not a drill's result and is left out ({type(error).__name__}: {error})", file=sys.stderr)
        return None
    return result


def _missing(part: dict, names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in part]


def have(counts: Callable[[dict], bool], since: str | None = None, folder: Path = FOLDER) -> int:
    """How many valid runs there are that count, passed or failed: of this commit, or of `since` and what follows.

    A run of changed files is no run of this commit; who names `since` says that the changes do not matter.
    """
    found = [result for result in results(folder=folder) if counts(result) and is_figure(result)]
    valid = [result["record"] for result in found if not result["figures"].get("invalid")]
    if since:
        return sum(descends(record["commit"], since) for record in valid)
    commit = head()
    return sum(record["commit"] == commit and not record.get("dirty") for record in valid)


def is_figure(result: dict) -> bool:
    """Whether its load had to be as punctual as a figure needs; that of the short set need not."""
    record = result["record"]
    return record.get("set_up", {}).get("late", LATE_START) <= late(record["victim"], record["fault"])


def seconds_away(result: dict) -> float:
    return result["record"].get("set_up", {}).get("away", 0)


def standing(
    since: str | None = None, folder: Path = FOLDER, counts: Callable[[dict], bool] = lambda result: True
) -> list[dict]:
    """The results that say how things stand: of the commits from `since` on, else of each drill's newest commit.

    Of each drill only the runs on a stack set up as that of its newest one, and of those the ones in which its victim
    was gone longest: a short fault does not stand in for a long one. At most the LATEST valid ones.
    """
    grouped: dict[tuple[str, str], list[dict]] = {}
    for result in (one for one in results(since, folder) if counts(one) and is_figure(one)):
        grouped.setdefault((result["record"]["victim"], result["record"]["fault"]), []).append(result)
    return [result for runs in grouped.values() for result in _standing(runs, newest_only=not since)]


def _standing(runs: list[dict], newest_only: bool) -> list[dict]:
    like = of_stack(runs[-1]["record"])
    runs = [run for run in runs if of_stack(run["record"]) == like]
    longest = max(seconds_away(run) for run in runs)
    runs = [run for run in runs if seconds_away(run) == longest]
    runs = _latest(runs)
    newest = next((r for r in reversed(runs) if not r["figures"].get("invalid")), runs[-1])["record"]["commit"]
    return [run for run in runs if not newest_only or run["record"]["commit"] == newest]


def _latest(runs: list[dict]) -> list[dict]:
    """From the first of the latest valid ones on, with the invalid ones among them."""
    valid = [run for run in runs if not run["figures"].get("invalid")]
    return runs[runs.index(valid[-LATEST]) :] if len(valid) > LATEST else runs


# -- Commits -----------------------------------------------------------------------------------------------------------


def head() -> str:
    done = git("rev-parse", "HEAD")
    return done.stdout.strip() if done.returncode == 0 else ""


def descends(commit: str, ancestor: str) -> bool:
    """Whether `commit` is `ancestor` or came after it. ValueError when there is no such commit to compare with."""
    if commit == ancestor:
        return True
    if git("rev-parse", "--verify", "--quiet", f"{ancestor}^{{commit}}").returncode:
        raise ValueError(f"there is no commit '{ancestor}' here; name one of `git log`")
    return bool(commit) and git("merge-base", "--is-ancestor", ancestor, commit).returncode == 0


def git(*arguments: str) -> subprocess.CompletedProcess:
    """The repository may belong to another user than the one in the container."""
    command = ["git", "-c", f"safe.directory={ROOT}", *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=30, check=False)
