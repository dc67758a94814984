#!/usr/bin/env python3
"""Make the dashboards' JSON from overview.py.

usage: python3 grafana/build.py           write dashboards/*.json
       python3 grafana/build.py --check   fail when a file is not what would be written
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import overview  # noqa: E402  (beside this file, which is run as a script)

GRID = 24


def place(rows: list) -> list[dict]:
    """Give each panel its id and place: left to right, a new line when the width is used up, a heading per row."""
    panels, top = [], 0
    for title, height, members in rows:
        panels.append({"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": GRID, "h": 1}})
        top, left = top + 1, 0
        for width, panel in members:
            if left + width > GRID:
                top, left = top + height, 0
            panels.append({"id": len(panels) + 1, **panel, "gridPos": {"x": left, "y": top, "w": width, "h": height}})
            left += width
        top += height
    return panels


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


def files() -> dict[Path, str]:
    made = {"overview.json": dashboard("flotilla-overview", "Flotilla: overview", overview.ROWS)}
    return {HERE / "dashboards" / name: json.dumps(content, indent=1) + "\n" for name, content in made.items()}


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
