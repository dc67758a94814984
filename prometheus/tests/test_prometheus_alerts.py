"""Alerts keep up: each has a unit test that it fires, one that it does not, and a heading in the runbook."""

import re
from pathlib import Path

import pytest

PROMETHEUS = Path(__file__).resolve().parents[1]
ALERTS = re.findall(r"- alert: (\S+)", (PROMETHEUS / "alerts.yml").read_text())
TESTS = "\n".join(path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml"))
RUNBOOK = (PROMETHEUS.parent / "docs/runbook.md").read_text()
TEMPLATE = (PROMETHEUS / "prometheus.yml.template").read_text()


def test_there_are_alerts():
    assert len(ALERTS) == len(set(ALERTS)) > 3


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_is_tested_both_ways(alert):
    assert re.search(rf"alertname: {alert}\n", TESTS), "no test that it fires"
    assert re.search(rf"alertname: {alert},[^\n]*exp_alerts: \[\]", TESTS), "no test that it stays silent"


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_has_a_runbook_heading(alert):
    assert f"\n### {alert}\n" in RUNBOOK


def test_the_runbook_has_no_heading_for_an_alert_that_is_gone():
    section = RUNBOOK.split("\n## Alerts\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^### (\S+)$", section, re.MULTILINE)) == set(ALERTS)


def test_every_fixed_target_has_a_name_and_follows_the_prefix():
    targets = re.findall(r'targets: \["([^"]+)"\], labels: \{instance: (\S+)\}', TEMPLATE)
    assert len(targets) == TEMPLATE.count("targets: [")
    assert len({(target, name) for target, name in targets}) == len(targets)
    assert not [target for target, _ in targets if re.search(r"\b10\.\d+\.", target)]
