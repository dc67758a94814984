#!/usr/bin/env python3
"""Make the dashboards' JSON, and the list of their queries for promtool, from overview.py.

usage: python3 grafana/build.py           write them
       python3 grafana/build.py --check   fail when a file is not what would be written
"""

import json
import sys
from pathlib import Path

import overview
from check_panels import replaced

HERE = Path(__file__).resolve().parent
GRID = 24


def place(rows: list) -> list[dict]:
    """Give each panel its id and place: left to right, a new line when the width is used up, a heading per row."""
    panels, top = [], 0
    for title, height, members in rows:
        panels.append(heading(title) | {"gridPos": {"x": 0, "y": top, "w": GRID, "h": 1}})
        top, left = top + 1, 0
        for panel in members:
            width = panel["gridPos"]["w"]
            if left + width > GRID:
                top, left = top + height, 0
            panels.append(panel | {"gridPos": {"x": left, "y": top, "w": width, "h": height}})
            left += width
        top += height
    return [{"id": number, **panel} for number, panel in enumerate(panels, 1)]


def heading(title: str) -> dict:
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def dashboard(uid: str, title: str, rows: list) -> dict:
    return {
        "uid": uid,
        "title": title,
        "tags": ["flotilla"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "timezone": "browser",
        # A failover takes seconds: watch the last quarter of an hour, move on every ten seconds.
        "time": {"from": "now-15m", "to": "now"},
        "refresh": "10s",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": place(rows),
    }


def as_rules(expressions: list[str]) -> str:
    """Every query as a rule: promtool parses rule files, and no dashboards."""
    head = "# Made by grafana/build.py from the dashboards, for promtool to parse every query. Never loaded.\n"
    rules = [
        f"      - {{record: panel:query_{n:02}:check, expr: {json.dumps(text)}}}\n"
        for n, text in enumerate(expressions, 1)
    ]
    return f"{head}groups:\n  - name: panels\n    rules:\n{''.join(rules)}"


def files() -> dict[Path, str]:
    """What belongs into each generated file."""
    made = dashboard("flotilla-overview", "Flotilla: overview", overview.ROWS)
    expressions = [replaced(target["expr"]) for panel in made["panels"] for target in panel.get("targets", [])]
    return {
        HERE / "dashboards/overview.json": json.dumps(made, indent=1) + "\n",
        HERE.parent / "prometheus/tests/panels.rules": as_rules(expressions),
    }


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = [path.name for path, text in files().items() if not path.exists() or path.read_text() != text]
        if stale:
            print(f"{', '.join(stale)}: not what overview.py says; run python3 grafana/build.py", file=sys.stderr)
        return bool(stale)
    for path, text in files().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
