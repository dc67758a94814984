"""What a load test amounts to: figures, thresholds, verdict. Pure functions over outcomes.

Refused is a 429 or a 503 with Retry-After: the stack is full and says so. Everything else that is not good has
failed. Latencies are those of all that was not refused, from the planned start: a quick refusal must not make the
rest look quick, and a time-out counts with all the time it took. How long an order waited for its stock stands apart.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from .figures import percentile
from .outcome import CONFIRMED, LOOK, REFUSED, Outcome

PASSED, MISSED, INVALID = "passed", "missed", "invalid"
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def is_refused(outcome: Outcome) -> bool:
    return outcome.first_status in (429, 503) and outcome.detail.startswith(REFUSED)


def is_failed(outcome: Outcome) -> bool:
    return not outcome.raw_good and not is_refused(outcome)


def latencies(outcomes: Iterable[Outcome]) -> dict[str, float]:
    values = sorted(outcome.raw_latency for outcome in outcomes if not is_refused(outcome))
    spread = {name: round(percentile(values, share), 4) for name, share in SHARES.items()}
    return spread | {"max": round(values[-1], 4) if values else 0.0}


def answers(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Without the waits for orders."""
    return [outcome for outcome in outcomes if outcome.step != CONFIRMED]


def confirmed(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Orders that were watched, and how long it took until they showed as confirmed."""
    waits = [outcome for outcome in outcomes if outcome.step == CONFIRMED]
    return {"orders": len(waits)} | latencies(waits)


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    every = list(outcomes)
    return {"requests": len(every), "failed": sum(map(is_failed, every)), "refused": sum(map(is_refused, every))}


def figures(outcomes: list[Outcome]) -> dict:
    """All figures of the run dict that come from its outcomes, JSON-ready."""
    total = counts(outcomes)
    late = sorted(outcome.late for outcome in outcomes if outcome.kind != LOOK)
    return total | {
        "error_share": share(total["failed"], total["requests"]),
        "refused_share": share(total["refused"], total["requests"]),
        "late": {"p50": round(percentile(late, 0.5), 5), "p99": round(percentile(late, 0.99), 5),
                 "max": round(late[-1], 5) if late else 0.0},
        "latency": latencies(answers(outcomes)),
        "confirmed": confirmed(outcomes),
        "by_step": by_step(outcomes),
        "per_second": per_second(outcomes),
        "replicas": dict(sorted(Counter(o.replica for o in outcomes if o.replica and not o.cached).items())),
        "cached": sum(outcome.cached for outcome in outcomes),
        "statuses": dict(sorted(Counter(str(outcome.first_status) for outcome in outcomes).items())),
        "reasons": reasons(outcomes),
    }  # fmt: skip


def share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def reasons(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Why requests failed or were refused, the commonest ten."""
    wrong = (outcome for outcome in outcomes if not outcome.raw_good)
    told = Counter(f"{o.step}: {o.detail[:100] or o.first_status}" for o in wrong)
    return dict(told.most_common(10))


def by_step(outcomes: Iterable[Outcome]) -> list[dict]:
    of_step = defaultdict(list)
    for outcome in outcomes:
        of_step[outcome.step].append(outcome)
    return [{"step": step} | counts(of_step[step]) | latencies(of_step[step]) for step in sorted(of_step)]


def per_second(outcomes: list[Outcome]) -> list[dict]:
    """One row a second. Planned requests and their latencies stand where they were due; what ended, where it ended."""
    due, ended = defaultdict(list), defaultdict(list)
    for outcome in outcomes:
        due[int(outcome.due)].append(outcome)
        ended[int(outcome.first_end)].append(outcome)
    rows, in_flight = [], 0
    for second in range(max([*due, *ended], default=-1) + 1):
        planned, done = due[second], ended[second]
        in_flight += len(planned) - len(done)
        over = {name: value for name, value in latencies(answers(planned)).items() if name in SHARES}
        rows.append({
            "t": second, "planned": len(planned), "done": len(done), "failed": sum(map(is_failed, done)),
            "refused": sum(map(is_refused, done)), **over,
            "late_p99": round(percentile((o.late for o in planned), 0.99), 5), "in_flight": in_flight,
        })  # fmt: skip
    return rows


def judged(found: dict, thresholds: dict[str, float]) -> list[dict]:
    """Each threshold beside its figure; met when not above it."""
    flat = found["latency"] | {name: found[name] for name in ("error_share", "refused_share")}
    flat |= {f"confirmed_{name}": found["confirmed"][name] for name in SHARES}
    return [
        {"name": name, "target": target, "figure": flat[name], "ok": flat[name] <= target}
        for name, target in thresholds.items()
    ]


def verdict(thresholds: list[dict], invalid: str | None) -> str:
    if invalid:
        return INVALID
    return PASSED if all(threshold["ok"] for threshold in thresholds) else MISSED
