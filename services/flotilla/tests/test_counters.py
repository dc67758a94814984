"""Counters: in Redis when there is one, in the process when not, and never in the way."""

import pytest

from flotilla import counters
from flotilla.cache import master
from flotilla.tests import fake_redis


@pytest.fixture
def servers(monkeypatch):
    servers = fake_redis.caches_over(monkeypatch)
    cache = servers.cache("sessions")
    monkeypatch.setattr(master, "get_redis_connection", lambda alias: cache.client.get_client())
    return servers


def test_without_redis_they_count_in_the_process():
    counter = counters.Counter("views")
    counter.add(7)
    counter.add(7, 2)
    assert counter.drain() == {"7": 3}
    assert counter.drain() == {}


def test_in_redis_they_are_drained_once(servers):
    counter = counters.Counter("views")
    counter.add("a")
    counter.add("a")
    assert list(servers.master.data) == ["counter:views"]
    assert counter.drain() == {"a": 2}
    assert counter.drain() == {}


def test_a_lost_redis_drops_counts_and_costs_one_try(servers):
    counter = counters.Counter("views")
    fake_redis.cut(servers.master)
    counter.add("a")
    counter.add("a")
    assert counter.drain() == {}
    assert servers.master.calls == 1
