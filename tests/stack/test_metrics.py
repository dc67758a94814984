"""Prometheus sees every server, each replica on its own; dashboards have data; the edge shows nothing of it."""

import json
import re
import urllib.error

import pytest
from loadtest.shop import CART
from stack.engine import ROOT, SECRETS, containers, run
from stack.servers import PROMETHEUS, get, prometheus, until

JOBS = {
    "web": 3, "gateway": 2, "products": 2, "orders": 2, "users": 2,
    "web-worker": 2, "products-worker": 2, "orders-worker": 2, "users-worker": 2,
    "haproxy": 2, "patroni": 3, "lease": 3, "etcd": 3, "prometheus": 1, "nginx": 1, "pgbouncer": 2,
    "postgres": 3, "redis": 3, "sentinel": 3, "cache": 3,
}  # fmt: skip


def targets() -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for target in prometheus("targets", state="active")["activeTargets"]:
        found.setdefault(target["labels"]["job"], []).append(target)
    return found


def test_every_server_is_scraped():
    def all_up():
        seen = targets()
        down = [
            (t["labels"]["job"], t["scrapeUrl"], t["lastError"])
            for ts in seen.values()
            for t in ts
            if t["health"] != "up"
        ]
        assert not down, down
        return seen

    seen = until(all_up, 40, "every target up")
    assert {job: len(found) for job, found in seen.items()} == JOBS


def query(expression: str) -> list[dict]:
    return prometheus("query", query=expression)["result"]


def test_each_web_replica_has_one_series(account):
    for _ in range(10):
        account.get(CART)

    def series():
        # Of the last two scrapes: a Prometheus that was stopped meanwhile shows its last targets for five minutes more.
        found = query('count by (instance) (last_over_time(up{job="web"}[30s]))')
        return len(found) == 3 and all(one["value"][1] == "1" for one in found)

    until(series, 60, "one series for each of three replicas")


def test_rules_are_loaded_and_healthy():
    rules = [rule for group in prometheus("rules")["groups"] for rule in group["rules"]]
    assert rules
    assert not [rule["name"] for rule in rules if rule["health"] == "err"]


def test_no_alert_fires_on_a_healthy_stack():
    firing = [
        a["labels"]
        for a in prometheus("alerts")["alerts"]
        if a["state"] == "firing" and a["labels"].get("alertname") != "Watchdog"
    ]
    assert not firing


def test_prometheus_needs_a_password():
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{PROMETHEUS}/api/v1/targets")
    assert refused.value.code == 401


def test_every_panel_has_data():
    script = ROOT / "grafana" / "check_panels.py"
    done = run("python", str(script), PROMETHEUS, str(SECRETS / "prometheus"), check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_a_request_is_counted_by_status_and_by_replica(account):
    account.get("/nothing-here/")
    names = prometheus("label/__name__/values")
    text = json.dumps(names)
    for pattern in (
        r"django_http_responses|http_responses|http_requests",
        r"haproxy_backend_http_responses",
        r"nginx_http_requests",
    ):
        assert re.search(pattern, text), f"no series named like {pattern}"


def test_grafana_shows_the_dashboard_where_it_runs():
    import base64
    import urllib.request

    from stack.engine import inspect, secret

    running = containers("grafana")
    if not running:
        pytest.skip("Grafana's image cannot be had here; make up went on without it and said so")
    address = next(iter(inspect(running[0].id)[0]["NetworkSettings"]["Networks"].values()))["IPAddress"]
    login = base64.b64encode(f"admin:{secret('grafana_admin')}".encode()).decode()
    request = urllib.request.Request(f"http://{address}:3000/api/search", headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)
