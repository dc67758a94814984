"""The dashboards: the files are what the code says, panels have their places, the check of queries finds faults."""

import json
import re
from itertools import combinations
from pathlib import Path

import build
import check_panels
import pytest

GRAFANA = Path(__file__).resolve().parents[1]
MADE = json.loads((GRAFANA / "dashboards/overview.json").read_text())
PANELS = [panel for panel in MADE["panels"] if panel["type"] != "row"]
titles = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])


def test_files_are_what_the_code_says():
    for path, text in build.files().items():
        assert path.read_text() == text, f"{path.name}: run python3 grafana/build.py"


@titles
def test_panel_says_what_it_shows_and_asks_our_datasource(panel):
    provisioned = (GRAFANA / "provisioning/datasources/prometheus.yml").read_text()
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert f"uid: {panel['datasource']['uid']}\n" in provisioned
    assert panel["targets"]
    assert all(target["expr"] for target in panel["targets"])


def test_panels_lie_on_the_grid_without_overlap():
    def cells(panel):
        place = panel["gridPos"]
        return {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }

    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= build.GRID for panel in MADE["panels"])
    for one, other in combinations(MADE["panels"], 2):
        assert not cells(one) & cells(other), f"{one['title']} lies on {other['title']}"


def test_ids_are_unique():
    ids = [panel["id"] for panel in MADE["panels"]]
    assert len(set(ids)) == len(ids)


def test_recorded_series_on_the_dashboard_are_recorded():
    recorded = set(re.findall(r"record: (\S+)", (GRAFANA.parent / "prometheus/rules.yml").read_text()))
    used = {name for _, text, _ in check_panels.queries() for name in re.findall(r"\b\w+:\w+:\w+", text)}
    assert used
    assert used <= recorded


# -- The check against a running Prometheus, here with a stand-in ------------------------------------------------------


def test_no_problem_when_every_query_has_data():
    assert check_panels.problems("", "", ask=lambda *_: [1]) == []


def test_panels_that_may_be_empty_are_not_reported_when_they_are():
    found = check_panels.problems("", "", ask=lambda *_: [])
    assert any(line.startswith("Latency: no data") for line in found)
    assert not any(line.startswith("Alerts:") for line in found)


def test_a_refused_query_is_reported_even_where_empty_is_fine():
    def ask(_url, _password, expression):
        if "ALERTS" in expression:
            raise ValueError("400: parse error")
        return [1]

    assert check_panels.problems("", "", ask=ask) == ['Alerts: 400: parse error for ALERTS{alertstate="firing"}']


def test_no_variable_is_left_in_a_query():
    assert not [text for _, text, _ in check_panels.queries() if "$" in text]


def test_asks_again_until_every_panel_has_data(monkeypatch):
    answers = [["Latency: no data"], ["Latency: no data"], []]
    monkeypatch.setattr(check_panels, "problems", lambda *_: answers.pop(0))
    assert check_panels.problems_after("", "", 60, pause=0) == []


def test_gives_up_when_time_is_up(monkeypatch):
    monkeypatch.setattr(check_panels, "problems", lambda *_: ["Latency: no data"])
    assert check_panels.problems_after("", "", 0, pause=0) == ["Latency: no data"]
