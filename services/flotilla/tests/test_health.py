"""Health: what each check says, and what follows for the whole."""

import json
import threading
import time
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from flotilla.db import primaries, replicas
from flotilla.db.choice import Node
from flotilla.health import checks, urls, views
from flotilla.tests import fake_redis

over = threading.Event()  # what is slow waits for the end of its test


@pytest.fixture(autouse=True)
def nothing_kept():
    checks._kept.clear()
    over.clear()
    yield
    over.set()


def fake_pool(monkeypatch, *states):
    """One node per letter: r replica, p primary, x away."""
    nodes_ = [Node(f"replica_{n}", healthy=s != "x", is_replica=s == "r") for n, s in enumerate(states)]
    monkeypatch.setattr(replicas, "pool", lambda: SimpleNamespace(nodes=lambda: nodes_))


@pytest.mark.parametrize(("states", "result"), [("", "none"), ("rrp", "ok"), ("rxp", "degraded"), ("xxp", "down")])
def test_replication(monkeypatch, states, result):
    fake_pool(monkeypatch, *states)
    assert checks.replication() == result


@pytest.mark.parametrize(("lost", "result"), [(0, "ok"), (1, "degraded"), (3, "down")])
def test_cache_health(monkeypatch, lost, result):
    servers = fake_redis.caches_over(monkeypatch)
    monkeypatch.setattr(checks, "caches", {"default": servers.cache("default")})
    for server in servers.shards[:lost]:
        fake_redis.cut(server)
    assert [checks.cache(), checks.cache()] == [result, result]


def test_a_cache_in_process_memory_is_well():
    assert checks.cache() == "ok"


@pytest.mark.parametrize(
    ("vendor", "up", "result"),
    [("sqlite", False, "ok"), ("unknown", False, "none"), ("postgresql", True, "ok"), ("postgresql", False, "down")],
)
def test_database_health(monkeypatch, vendor, up, result):
    class Probe:
        def __init__(self, alias):
            pass

        def __call__(self):
            return up

        def close(self):
            pass

    monkeypatch.setattr(checks, "connections", {"default": SimpleNamespace(vendor=vendor)})
    monkeypatch.setattr(primaries, "DatabaseProbe", Probe)
    assert checks.database() == result


def asked(monkeypatch, **results):
    def check(result):
        if result == "raises":
            raise RuntimeError("broken check")
        if result == "slow":
            over.wait(5)
        return result

    monkeypatch.setattr(checks, "BUDGET_SECONDS", 0.3 if "slow" in results.values() else 5)
    everything = {"database": "ok", "replicas": "ok", "cache": "ok"} | results
    monkeypatch.setattr(checks, "CHECKS", {name: lambda r=r: check(r) for name, r in everything.items()})
    response = views.health(RequestFactory().get("/health/"))
    return response.status_code, json.loads(response.content)


@pytest.mark.parametrize(
    ("results", "code", "status"),
    [
        ({}, 200, "healthy"),
        ({"replicas": "none"}, 200, "healthy"),
        ({"database": "none"}, 200, "healthy"),
        ({"replicas": "degraded"}, 200, "degraded"),
        ({"cache": "raises"}, 200, "degraded"),
        ({"database": "down"}, 503, "unhealthy"),
        ({"database": "slow"}, 503, "unhealthy"),
    ],
)
def test_health(monkeypatch, results, code, status):
    found = asked(monkeypatch, **results)
    assert (found[0], found[1]["status"]) == (code, status)


@pytest.mark.parametrize(
    ("database", "replication", "code"),
    [
        ("ok", "down", 200),
        ("none", "none", 200),
        ("down", "degraded", 200),
        ("slow", "ok", 200),
        ("slow", "none", 503),
        ("down", "none", 503),
    ],
)
def test_ready_when_anything_can_be_read_within_the_budget(monkeypatch, database, replication, code):
    asked(monkeypatch, database=database, replicas=replication)
    started = time.monotonic()
    assert views.readyz(RequestFactory().get("/readyz")).status_code == code
    assert time.monotonic() - started < 2


def test_many_who_ask_share_a_report(monkeypatch):
    calls = []
    monkeypatch.setattr(checks, "CHECKS", {"database": lambda: calls.append(1) or "ok"})
    assert [checks.report() for _ in range(3)] == [{"status": "healthy", "database": "ok"}] * 3
    assert len(calls) == 1
    monkeypatch.setattr(checks, "KEPT_SECONDS", 0.0)
    checks.report()
    assert len(calls) == 2


def test_addresses_of_health():
    assert {str(pattern.pattern) for pattern in urls.urlpatterns} == {"health/", "readyz"}


def test_every_shard_needs_its_primary(monkeypatch):
    down, names = set(), ["default", "replica_1", "shard_1", "shard_1_replica_1"]

    class Probe:
        def __init__(self, alias):
            self.alias = alias

        def __call__(self):
            return self.alias not in down

        def close(self):
            pass

    monkeypatch.setattr(checks, "connections", dict.fromkeys(names, SimpleNamespace(vendor="postgresql")))
    monkeypatch.setattr(primaries, "DatabaseProbe", Probe)
    for alias, result in (("replica_1", "ok"), ("shard_1", "down")):
        down.add(alias)
        assert checks.database() == result
