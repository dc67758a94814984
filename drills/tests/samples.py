"""Hand-made drills: 60 s of load at 20 requests a second, the fault at 10 s, the undo at 30 s, whole at 40 s."""

import json

from drills.books import KINDS
from drills.judge import figures, state, verdict
from drills.set_up import is_early

RATE, WRITE_SHARE, SECONDS = 20, 0.3, 60
FAULT, UNDO, WHOLE = 10.0, 30.0, 40.0
ANSWER = 0.02  # seconds
RETRY = {"statuses": [0, 429, 502, 503, 504], "first": 0.2, "longest": 3.0, "jitter": 0.5, "within": 60.0}


def outcome(kind="read", due=0.0, **changes) -> dict:
    """A good first try; `first_end` counts for both tries unless `end` is given too."""
    line = {"kind": kind, "step": "product", "due": due, "start": due, "status": 200, "first_status": 200, "tries": 1}
    line |= {"first_end": due + ANSWER, "cached": False, "replica": "", "request_id": "", "detail": ""} | changes
    return {"end": line["first_end"], **line}


def run(change=lambda line: {}) -> list[dict]:
    """A whole run; `change(line)` says what is different about a line."""
    lines = [outcome("write" if i % 10 in (2, 5, 8) else "read", i / RATE) for i in range(RATE * SECONDS)]
    return [fixed(line | change(line)) for line in lines]


def fixed(line: dict) -> dict:
    return line | {"end": max(line["end"], line["first_end"])}


def between(start: float, until: float, kind: str | None = None, **changes):
    """-> a change for requests that were due in this time: outage from 12 to 15 s, say."""

    def change(line: dict) -> dict:
        return changes if start <= line["due"] < until and kind in (None, line["kind"]) else {}

    return change


def waiting(start: float, end: float, kind: str):
    """-> a change: what was due in this time is answered, well, at its end."""

    def change(line: dict) -> dict:
        return {"first_end": end} if start <= line["due"] < end and line["kind"] == kind else {}

    return change


def move(before: str, now: str) -> dict:
    """What an event tells beside its words when the leadership moves."""
    return {"of": "Patroni", "from": before, "to": now}


def orders(**changes) -> dict:
    """What became of them, when all is well."""
    wrong = {name: [] for name in KINDS}
    times = {"delayed": 0.4, "ended_after": 0.2, "settled_after": 1.5}
    return {**wrong, **times, "acknowledged": 120, "statuses": {"confirmed": 119, "rejected": 1}} | changes


def record(victim="postgres-primary", fault="kill", **changes) -> dict:
    return {
        "victim": victim, "fault": fault, "container": f"flotilla-{victim}-1", "commit": "a" * 40, "dirty": False,
        "at": "2026-11-21T13:00:00+00:00", "machine": "2 cores of a test", "zero": 1000.0,
        "client": {"name": "test", "retry": RETRY},
        "set_up": {"rate": RATE, "write_share": WRITE_SHARE},
        "events": [
            {"t": FAULT, "kind": "fault", "text": "postgres-1 killed"},
            {"t": 28.0, "kind": "role", "text": "postgres-2 is primary", **move("postgres-1", "postgres-2")},
            {"t": UNDO, "kind": "undo", "text": "postgres-1 started"},
            {"t": WHOLE, "kind": "whole", "text": "full redundancy"},
        ],
        "leaders": ["postgres-1", "postgres-2"], "stored": {"lost": [], "twice": [], "acknowledged": 360},
        "orders": orders(), "whole_after": WHOLE - UNDO, "operator": [], "outcomes": "outcomes.jsonl",
    } | changes  # fmt: skip


def result(victim="postgres-primary", fault="kill", lines=None, **changes) -> dict:
    """One run as the store keeps it."""
    made = record(victim, fault, **changes)
    found = figures(made, run() if lines is None else lines)
    checks = verdict(found, victim, fault, early=is_early(made))
    kept = {"record": made, "figures": found, "checks": [check._asdict() for check in checks], "state": state(checks)}
    return json.loads(json.dumps(kept))
