"""The load test's page: verdict first, then over time, by step, what was used, and how it was done."""

from .plots import Html, badge, escape, figure, page, table, tiles
from .report_charts import LATENCIES, containers, over_time
from .saturation import RESOURCES

KIND = {"passed": "good", "missed": "bad", "invalid": "warn"}
NAMES = {
    "error_share": "failed",
    "refused_share": "refused",
    "confirmed_p50": "order confirmed, p50",
    "confirmed_p95": "order confirmed, p95",
}


def html(run: dict) -> str:
    when = run["began"].replace("T", " ").replace("+00:00", " UTC")
    kept = (
        ("Verdict", verdict(run)),
        ("Over time", over_time(run)),
        ("By step", by_step(run)),
        ("What was used", used(run)),
        ("Against the run before", before(run)),
        ("How it was done", how(run)),
    )
    found = badge(run["verdict"], KIND[run["verdict"]])
    subtitle = Html(f"{found} {escape(when)} · commit <code>{escape(run['commit'])}</code>")
    return page(f"Load test: {run['profile']}", kept, subtitle)


def share(value: float) -> str:
    return figure(value * 100, "%")


def percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def measure(name: str, value: float) -> str:
    return share(value) if name.endswith("share") else figure(value, "s")


# -- Verdict -----------------------------------------------------------------------------------------------------------


def verdict(run: dict) -> str:
    parts = [tiles(_thresholds(run)), _sentence(run)]
    if run.get("interrupted"):
        parts.insert(0, "<p>The run was interrupted: these are the figures of what there was.</p>")
    if run["invalid"]:
        parts.insert(0, f"<p>{badge('invalid', 'warn')} {escape(run['invalid'])}. These figures judge nothing.</p>")
    if killed := run["containers"].get("oom_kills"):
        parts.append(f"<p>{badge('killed for memory', 'bad')} {escape(', '.join(killed))}</p>")
    return "".join(parts)


def _thresholds(run: dict) -> list[tuple]:
    rows = [("answered well", figure(_rate(run), "/s"), f"{_good(run):,} of {run['requests']:,} requests", "")]
    for one in run["thresholds"]:
        sign, name = ("✓" if one["ok"] else "✗"), NAMES.get(one["name"], one["name"])
        beside = f"{sign} target ≤ {measure(one['name'], one['target'])}"
        rows.append((name, measure(one["name"], one["figure"]), beside, "good" if one["ok"] else "bad"))
    return rows


def _good(run: dict) -> int:
    return run["requests"] - run["failed"] - run["refused"]


def _rate(run: dict) -> float:
    return _good(run) / (run["seconds"] or 1)


def _sentence(run: dict) -> str:
    late = run["late"]
    return (
        f"<p><b>What ran out first:</b> {escape(run['saturation']['sentence'])}</p>"
        "<p>Requests started when they were planned, whether or not earlier ones had ended, and latency counts from "
        f"the planned start. The generator started 99 % of them within {figure(late['p99'], 's')} of the plan "
        f"(at most {figure(late['max'], 's')} late); above 5 ms a run is invalid.</p>"
    )


# -- Tables ------------------------------------------------------------------------------------------------------------


def by_step(run: dict) -> str:
    header = ["step", "requests", "failed", "refused", *LATENCIES, "max"]
    total = {"step": "all", **{name: run[name] for name in ("requests", "failed", "refused")}, **run["latency"]}
    rows, classes = [], []
    for one in [*run["by_step"], total]:
        numbers = [f"{one[name]:,}" for name in ("requests", "failed", "refused")]
        rows.append([one["step"], *numbers, *(figure(one[name], "s") for name in (*LATENCIES, "max"))])
        classes.append("bad" if one["failed"] else "warn" if one["refused"] else "")
    return table(header, rows, range(1, 8), classes) + _reasons(run)


def _reasons(run: dict) -> str:
    rows = [(reason, f"{count:,}") for reason, count in run["reasons"].items()]
    return f"<h3>Why not answered well</h3>{table(['reason', 'requests'], rows, [1])}" if rows else ""


def used(run: dict) -> str:
    return "".join((_saturation(run), _containers(run["containers"]), _replicas(run)))


def _saturation(run: dict) -> str:
    later = "".join(f"<li>{escape(one['sentence'])}</li>" for one in run["saturation"]["also"][:5])
    limits = ", ".join(f"{name} {one.threshold:g}" for name, one in RESOURCES.items())
    first = f"<p><b>First:</b> {escape(run['saturation']['sentence'])}</p>"
    later = f"<p>Later:</p><ul>{later}</ul>" if later else ""
    return f"{first}{later}<p><small>Thresholds, as shares, for 3 s in a row: {limits}.</small></p>"


def _containers(record: dict) -> str:
    header = ["container", "CPU mean", "CPU peak", "of its limit", "held back", "memory peak", "of its limit", "gone"]
    rows = []
    for one in containers(record):
        limit = record["limits"].get(one["name"]) or {}
        of_cpu = percent(one["peak"] / limit["cpu"]) if limit.get("cpu") else "no limit"
        of_memory = bar(one["memory"] / limit["memory"]) if limit.get("memory") else "no limit"
        rows.append([one["name"], percent(one["mean"]), percent(one["peak"]), of_cpu, percent(one["held"]),
                     figure(one["memory"], "B"), of_memory, f"{one['gone']} s" if one["gone"] else ""])  # fmt: skip
    return table(header, rows, range(1, 8)) if rows else "<p>Nothing was sampled.</p>"


def bar(part: float) -> Html:
    kind = "bad" if part > 0.95 else "warn" if part > 0.85 else ""
    return Html(
        f'<i class="bar {kind}" style="--part:{min(part, 1):.1%}"></i><span class="part">{percent(part)}</span>'
    )


def _replicas(run: dict) -> str:
    whole = sum(run["replicas"].values())
    rows = [(name, f"{count:,}", bar(count / whole)) for name, count in run["replicas"].items()]
    note = f"<p>{run['cached']:,} answers came from the edge's cache; the rest by replica:</p>"
    return note + table(["replica", "answers", "share"], rows, [1, 2]) if rows else note


def before(run: dict) -> str:
    found = run["previous"]
    if not found:
        return "<p>There is no earlier valid run of this profile to compare with.</p>"
    rows = []
    for name, one in found["figures"].items():
        texts = (_compared(name, one[key]) for key in ("before", "now"))
        rows.append([name, *texts, "-" if one["ratio"] is None else f"{one['ratio']:.2f}"])
    differs = f"<p>{badge('not the same', 'warn')} {escape('; '.join(found['differs']))}</p>"
    commit = f"<code>{escape(found['commit'])}</code>"
    told = f"<p>{escape(found['began'])}, commit {commit}, {escape(found['verdict'])}.</p>"
    return told + (differs if found["differs"] else "") + table(["", "before", "now", "ratio"], rows, [1, 2, 3])


def _compared(name: str, value: float) -> str:
    kinds = {"rate": lambda: figure(value, "/s"), "errors": lambda: share(value)}
    return kinds.get(name, lambda: figure(value, "s"))()


def how(run: dict) -> str:
    settings = {name: _text(value) for name, value in run["settings"].items()}
    facts = {"began": run["began"], "lasted": f"{run['seconds']:g} s"} | {n: run[n] for n in ("machine", "commit")}
    names = {"0": "no answer"}
    statuses = ", ".join(f"{names.get(status, status)}: {count:,}" for status, count in run["statuses"].items())
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    about = f"<p>{escape(run['about'])}</p>" if run.get("about") else ""
    return about + table(["", ""], [*facts.items(), *settings.items(), ("versions", versions), ("statuses", statuses)])


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(f"{seconds:g} s at {rate:g}/s" for seconds, rate in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
