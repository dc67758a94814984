"""The report of drills as one HTML file that opens offline: the card, then a timeline of every run."""

from collections.abc import Iterable
from pathlib import Path

from loadtest.plots import Html, Limit, Mark, Series, badge, chart, escape, page, table, tiles

from drills import books, card, document
from drills.judge import FAIL, INVALID, ORDERS, PASS, moment
from drills.standing import Standing, early_words, missed, seconds, standings
from drills.store import FOLDER, write_whole

FILE = FOLDER / "index.html"
KINDS = {PASS: "good", FAIL: "bad", INVALID: "warn"}
COLOURS = {"fault": "bad", "undo": "warn", "whole": "good", "role": "5"}
WORDS = {"fault": "fault", "undo": "undone", "whole": "whole again"}  # other events say it themselves
HEADER = (
    "drill", "", "n", "failed | retry", "write gap, s", "read gap, s", "slowest", "failovers",
    "lost, twice, unseen", "orders lost / twice / without end", "stock / shop off", "longest order, s", "whole, s",
    "hand",
)  # fmt: skip
ROLES = 6  # in words above a chart; all are in the list below it
FEW = 5  # sentences of each kind about orders; the result has them all
FAILED, WAIT = "Failed at the first try, per second", "Wait for an answer, by the second it was due in"
NUMERIC = range(2, 14)
NOTE = (
    "Targets stand in brackets; a figure without one is reported, not judged. Of several runs: median / worst, and the"
    " worst is judged. Counts are sums. Raw figures: the client's first tries."
)


def write(results: Iterable[dict], path: Path = FILE) -> Path:
    """The page of these results."""
    write_whole(path, text(results))
    return path


def text(results: Iterable[dict]) -> str:
    found = standings(results)
    runs = [(one, number, result) for one in found for number, result in enumerate(one.results, 1)]
    timelines = [(title(one, number), timeline(one, result)) for one, number, result in runs]
    end = ("How it is measured", measured(found))
    return page("Failover drills", [("Report card", overview(found)), *timelines, end], subtitle(found))


def subtitle(found: list[Standing]) -> str:
    records = [result["record"] for one in found for result in one.results]
    machines = dict.fromkeys(record["machine"] for record in records)
    commits = dict.fromkeys(name for one in found for name in one.commits)
    early = f"early release {early_words(found)}"
    return f"{'; '.join(machines)} · commit {', '.join(commits)} · {early}" if records else "No drill has been run."


# -- The card ----------------------------------------------------------------------------------------------------------


def overview(found: list[Standing]) -> str:
    states = [one.state for one in found]
    rows = table(HEADER, [row(one) for one in found], NUMERIC, [KINDS[state] for state in states])
    lines = "".join(f"<li>{escape(line)}</li>" for one in found for line in (*missed(one), *card.reasons(one)))
    return tiles(totals(found)) + rows + (f"<ul>{lines}</ul>" if lines else "") + f"<p><small>{NOTE}</small></p>"


def totals(found: list[Standing]) -> list[tuple[str, str, str, str]]:
    passed = sum(one.state == PASS for one in found)
    judged = [one for one in found if one.targets.failed]
    failed, requests = (sum(one.total(name) or 0 for one in judged) for name in ("failed", "requests"))
    acknowledged = sum(one.total("acknowledged") or 0 for one in found)
    unsafe = {name: sum(one.total(name) or 0 for one in found) for name in ("lost", "twice", "unseen")}
    return [
        ("drills passed", f"{passed} of {len(found)}", "", "good" if passed == len(found) else "bad"),
        ("failed requests, no retry", f"{failed:,}", f"of {requests:,} where judged", "bad" if failed else "good"),
        *(
            (f"writes {name}", str(count), f"of {acknowledged:,} acknowledged", "bad" if count else "good")
            for name, count in unsafe.items()
        ),
        *bought(found),
    ]


def bought(found: list[Standing]) -> list[tuple[str, str, str, str]]:
    """Of the runs that had orders."""
    counts = {name: sum(sum(one.values(name)) for one in found) for name in ("orders", *ORDERS)}
    orders = [counts[name] for name in ("orders_lost", "orders_twice", "orders_stuck")]
    stock = [counts[name] for name in ("stock_off", "shop_off")]
    beside = f"of {counts['orders']:,} orders"
    return [
        ("orders lost, twice, without end", ", ".join(map(str, orders)), beside, "bad" if any(orders) else "good"),
        ("stock off, off in the shop", ", ".join(map(str, stock)), "products", "bad" if any(stock) else "good"),
    ]


def row(one: Standing) -> list:
    name = Html(f'<span style="white-space:nowrap">{escape(one.name)}</span>')
    failed = f"{card.count(one, 'failed')} | {card.count(one, 'failed_with_retry')} of {card.count(one, 'requests')}"
    gaps = [document.writes(one), document.gap(one, "read_gap"), seconds(one.worst("slowest"))]
    kept = ", ".join(card.count(one, name) for name in ("lost", "twice", "unseen"))
    verdict = badge(one.state, KINDS[one.state])
    whole = [document.whole(one), card.count(one, "operator")]
    return [name, verdict, len(one.shown), failed, *gaps, document.failovers(one), kept, *document.bought(one), *whole]


def measured(found: list[Standing]) -> Html:
    """What the client does is part of the figures."""
    return Html("".join(f"<p>{escape(line)}</p>" for line in (*document.HOW, *document.client(found))))


# -- A timeline --------------------------------------------------------------------------------------------------------


def title(one: Standing, number: int) -> str:
    return f"{one.name} {number}" if len(one.results) > 1 else one.name


def timeline(one: Standing, result: dict) -> str:
    """Rate, errors and latency under the same marks, and the words of every event."""
    marks, line = events(result["record"]), result["figures"]["timeline"]
    rate = [Series(kind, points(of_kind["done"]), "area") for kind, of_kind in line.items()]
    gap = one.targets.write_gap
    limits = [Limit(gap.most, "longest write gap allowed")] if gap else []
    charts = [
        chart("Answered well, per second", rate, marks, unit="/s", height=110),
        failures(line, bare(marks)),
        chart(WAIT, latency(line), bare(marks), unit="s", log=True, limits=limits),
    ]
    return "".join([head(one, result), wrong(result["record"]), *charts, happened(result["record"])])


def head(one: Standing, result: dict) -> str:
    record, figures = result["record"], result["figures"]
    commit = (record["commit"] or "none")[:9] + ("+" if record.get("dirty") else "")
    facts = f"{record.get('container', '')} · {record['at'][:19]} · commit {commit}"
    checks = [
        (c["name"].replace("_", " "), said(c["figure"]), f"target {c['target']}", "good" if c["ok"] else "bad")
        for c in result["checks"] if c["name"] in ("failed", "write_gap", "read_gap", "back_after", "write_back_after",
                         "failovers", "whole_after", "orders_delayed", "orders_ended_after")
    ]  # fmt: skip
    reason = f"<p>{badge('INVALID', 'warn')} {escape(figures['invalid'])}</p>" if figures.get("invalid") else ""
    return (
        f"<p>{badge(result['state'], KINDS[result['state']])} <small>{escape(facts)}</small></p>{reason}{tiles(checks)}"
    )


def wrong(record: dict) -> str:
    """The first few of the orders and products that are not as they must be."""
    found = record.get("orders") or {}
    lines = [f"{name}: {line}" for name in books.KINDS for line in found.get(name, [])[:FEW]]
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def said(figure: float | None) -> str:
    return "never" if figure is None else f"{figure:.1f} s" if isinstance(figure, float) else str(figure)


def events(record: dict) -> list[Mark]:
    """The fault as a band up to its undoing, the rest as moments; only the first few role changes are told in words."""
    begin, end = moment(record, "fault", first=True), moment(record, "undo")
    told = [event for event in record["events"] if event["kind"] in COLOURS]
    roles = [event for event in told if event["kind"] == "role"]
    worded = [event for event in told if event not in roles[ROLES:]]
    moments = [Mark(e["t"], short(e) if e in worded else "", colour=COLOURS[e["kind"]]) for e in told]
    return moments + ([Mark(begin, "", until=end)] if begin is not None and end else [])


def short(event: dict) -> str:
    return WORDS.get(event["kind"], event["text"])


def bare(marks: list[Mark]) -> list[Mark]:
    """The words stand over the first chart; the lines go through all."""
    return [Mark(mark.t, "", mark.until, mark.colour) for mark in marks]


def points(values: list) -> list[tuple[float, float | None]]:
    """Each second's figure stands in its middle."""
    return [(second + 0.5, value) for second, value in enumerate(values)]


def failures(line: dict, marks: list[Mark]) -> str:
    if not any(sum(of_kind["failed"]) for of_kind in line.values()):
        return f"<p><b>{FAILED}</b>: none.</p>"
    colours = {"read": "bad", "write": "7"}
    series = [Series(kind, points(of_kind["failed"]), "area", colours[kind]) for kind, of_kind in line.items()]
    return chart(FAILED, series, marks, unit="/s", height=80)


def latency(line: dict) -> list[Series]:
    shapes = [("slowest", "max", "dots"), ("median", "p50", "line")]
    return [
        Series(f"{kind}, {name}", points(of_kind[key]), shape, str(number))
        for number, (kind, of_kind) in enumerate(line.items(), 1) for name, key, shape in shapes
    ]  # fmt: skip


def happened(record: dict) -> Html:
    """Every event in words, from the moment of the fault."""
    begin = moment(record, "fault", first=True) or 0.0
    rows = [(f"{event['t'] - begin:+.1f} s", event["kind"], event["text"]) for event in record["events"]]
    listed = table(("from the fault", "", ""), rows)
    return Html(f"<details><summary>{len(rows)} events</summary>{listed}</details>")
