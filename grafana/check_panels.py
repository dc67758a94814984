#!/usr/bin/env python3
"""Ask a running Prometheus every query of every dashboard; report those with an error or without data.

usage: python3 grafana/check_panels.py URL PASSWORD_FILE      e.g. http://127.0.0.1:9090 .secrets/prometheus
Panels with a `noValue` text may be empty: for them only the query has to be valid. Tries for a minute.
"""

import base64
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DASHBOARDS = Path(__file__).resolve().parent / "dashboards"
# What Grafana puts in for the 15 s scrape interval of the datasource.
VARIABLES = {"$__rate_interval": "1m", "$__interval": "15s"}


def queries(folder: Path = DASHBOARDS) -> list[tuple[str, str, bool]]:
    """(panel title, PromQL with variables replaced, may be empty) of every target of every panel."""
    found = []
    for path in sorted(folder.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            may_be_empty = "noValue" in panel.get("fieldConfig", {}).get("defaults", {})
            found += [(panel["title"], replaced(target["expr"]), may_be_empty) for target in panel.get("targets", [])]
    return found


def replaced(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def ask(url: str, password: str, expression: str) -> list:
    """The instant vector of a query; ValueError with Prometheus' own words when it refuses."""
    request = urllib.request.Request(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")  # noqa: S310
    request.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  (the caller names the address)
            return json.load(response)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise ValueError(f"{error.code}: {error.read().decode(errors='replace')[:200]}") from error


def problems(url: str, password: str, *, folder: Path = DASHBOARDS, ask=ask) -> list[str]:
    """One line per query that fails, or has no data though it should."""
    found = []
    for title, expression, may_be_empty in queries(folder):
        try:
            if not ask(url, password, expression) and not may_be_empty:
                found.append(f"{title}: no data for {expression}")
        except ValueError as error:
            found.append(f"{title}: {error} for {expression}")
    return found


def problems_after(url: str, password: str, seconds: float, *, pause: float = 5) -> list[str]:
    """The same, asked again until it is empty or time is up: a rate needs two scrapes after the first request."""
    end = time.monotonic() + seconds
    while (found := problems(url, password)) and time.monotonic() < end:
        time.sleep(pause)
    return found


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lines = problems_after(sys.argv[1].rstrip("/"), Path(sys.argv[2]).read_text().strip(), 60)
    print("\n".join(lines) or "every panel has data")
    sys.exit(bool(lines))
