"""The cache over django-redis: shards, breakers, values, and Django's contract when a server is lost."""

import json
from decimal import Decimal

import pytest
import redis
from django_redis.client import DefaultClient
from hypothesis import given
from hypothesis import strategies as st

from flotilla import context
from flotilla.cache import guard, shards
from flotilla.cache.values import UNREADABLE, Compressor, Serializer
from flotilla.tests.fake_redis import caches_over, cut


@pytest.fixture
def servers(monkeypatch):
    return caches_over(monkeypatch)


@pytest.fixture
def cache(servers):
    return servers.cache("default")


# -- Values

values = st.recursive(
    st.none() | st.booleans() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(scope="module")
def client():
    made = DefaultClient.__new__(DefaultClient)
    made._serializer, made._compressor = Serializer({}), Compressor({})
    return made


@given(value=values | st.integers(-(2**60), 2**60))
def test_what_is_encoded_is_decoded(client, value):
    data = client.encode(value)
    assert client.decode(data if isinstance(data, bytes) else str(data).encode()) == value


def test_long_values_are_compressed(client):
    assert len(client.encode("x" * 5000)) < 100
    assert client.encode("x" * 100) == json.dumps("x" * 100).encode()


@pytest.mark.parametrize("data", [b"x\x9c not deflated", b"{", b"", b"\x80\x04pickle"])
def test_foreign_bytes_are_unreadable(client, data):
    assert client.decode(data) is UNREADABLE


def test_what_would_come_back_as_something_else_is_refused(cache):
    with pytest.raises(TypeError):
        cache.set("price", Decimal("1.00"))


# -- The protocol


def test_the_protocol(cache, servers):
    assert cache.get("a") is None
    assert cache.get("a", "default") == "default"
    cache.set("a", {"n": 1})
    assert cache.get("a") == {"n": 1}
    assert not cache.add("a", 2)
    assert cache.add("b", 2)
    assert (cache.incr("b"), cache.decr("b", 2)) == (3, 1)
    assert cache.touch("b", 5)
    assert "b" in cache
    assert cache.delete("b")
    assert not cache.delete("b")
    cache.set("gone", 1, timeout=0)
    cache.set("stays", None, timeout=None)
    assert (cache.get("gone", "-"), cache.get("stays", "-")) == ("-", None)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("nothing")
    assert cache.get_or_set("lazy", lambda: 4) == 4
    cache.clear()
    assert not any(server.data for server in servers)


def test_many_are_one_call_per_server(cache, servers):
    values = {f"key-{n}": n for n in range(50)}
    assert cache.set_many(values) == []
    assert [len(server.data) > 8 for server in servers.shards] == [True] * 3
    servers.forget_calls()
    assert cache.get_many([*values, "other"]) == values
    assert [server.calls for server in servers.shards] == [1, 1, 1]
    assert cache.delete_many(values) == 50
    assert cache.get_many(values) == {}


def test_damaged_values_are_misses(cache, servers):
    cache.set_many({"a": 1, "b": 2})
    for server in servers:
        server.data = dict.fromkeys(server.data, b"\x80pickle")
    assert cache.get("a", "default") == "default"
    assert cache.get_many(["a", "b"]) == {}


def test_hits_and_misses_show_in_server_timing(cache):
    with context.use(context.RequestState()) as state:
        cache.set("a", 1)
        cache.get("a")
        assert state.notes == {"cache": "hit"}
        cache.get_many(iter(["a", "b"]))
        assert state.notes == {"cache": "miss"}


def test_threads_share_the_ring_of_a_location(servers):
    one, other = servers.cache("default").client, servers.cache("default").client
    assert one is not other
    assert one._ring is other._ring


@given(st.text())
def test_removing_a_server_moves_only_its_keys(key):
    urls = ("redis://10.0.0.1:6379/0", "redis://10.0.0.2:6379/0", "redis://10.0.0.3:6379/0")
    before, after = shards.ring(urls).get_node(key), shards.ring(urls[:2]).get_node(key)
    assert after == before or before == urls[2]


# -- A lost server


def test_a_dead_server_costs_misses_and_one_try(cache, servers):
    values = {f"key-{n}": n for n in range(50)}
    cache.set_many(values)
    cut(servers.shards[0])
    found = cache.get_many(values)
    assert 10 < len(found) < 50
    servers.forget_calls()
    assert cache.get_many(values) == found
    assert [server.calls for server in servers.shards] == [0, 1, 1]


@pytest.mark.parametrize("error", [redis.ConnectionError("gone"), redis.TimeoutError("silent"), OSError("unreachable")])
def test_everything_on_a_lost_server_is_as_if_nothing_were_there(cache, servers, error):
    values = {f"key-{n}": n for n in range(50)}
    cache.set_many(values)
    for server in servers.shards:
        cut(server, error)
    for _ in range(2):  # as it fails, and while it is left alone
        assert cache.get("key-1", "default") == "default"
        assert not cache.set("key-1", 1)
        assert not cache.add("key-1", 1)
        assert not cache.delete("key-1")
        assert "key-1" not in cache
        assert not cache.touch("key-1")
        with pytest.raises(ValueError, match="not found"):
            cache.incr("key-1")
        assert cache.get_many(values) == {}
        assert sorted(cache.set_many(values)) == sorted(values)
        assert cache.delete_many(values) == 0
        cache.clear()


def test_one_caller_tries_a_lost_server_then_all_use_it_again(cache, servers, caplog):
    caplog.set_level("INFO")
    server, now = servers.shards[0], servers.clock
    key = next(f"key-{n}" for n in range(50) if cache.client.get_server_name(cache.make_key(f"key-{n}")) == server.url)
    cut(server)
    assert [cache.get(key), cache.get(key)] == [None, None]
    assert server.calls == 1
    now.seconds += 5.1
    assert [cache.get(key), cache.get(key)] == [None, None]
    assert server.calls == 2
    now.seconds += 5.1
    server.error = None
    cache.set(key, 1)
    assert cache.get(key) == 1
    assert [line.message for line in caplog.records] == ["redis node failed: gone", "redis node is back"]


def test_an_answer_that_refuses_is_an_answer(servers):
    server = servers.cache("default").client.servers()[0]
    servers.shards[0].error = redis.ResponseError("WRONGTYPE")
    for _ in range(2):
        with pytest.raises(redis.ResponseError):
            server.ping()
    assert not guard.breaker(server.connection_pool).is_open


def test_an_exhausted_pool_is_not_the_servers_fault(servers):
    server = servers.cache("default").client.servers()[0]
    servers.shards[0].error = redis.exceptions.MaxConnectionsError("too many")
    with pytest.raises(redis.ConnectionError):
        server.ping()
    assert not guard.breaker(server.connection_pool).is_open


def test_idle_connections_to_a_lost_server_are_dropped(servers):
    server = servers.cache("default").client.servers()[0]
    dropped = []
    server.connection_pool.disconnect = lambda **how: dropped.append(how)
    cut(servers.shards[0])
    with pytest.raises(redis.ConnectionError):
        server.ping()
    with pytest.raises(guard.LeftAlone):
        server.ping()
    assert dropped == [{"inuse_connections": False}]


# -- Sessions


def test_sessions_are_on_the_one_master_and_not_counted(servers):
    sessions = servers.cache("sessions")
    with context.use(context.RequestState()) as state:
        sessions.set("a", [1])
        assert sessions.get("a") == [1]
        assert state.notes == {}
    assert list(servers.master.data) == ["web:1:a"]
    cut(servers.master)
    assert [sessions.get("a"), sessions.get("a")] == [None, None]
    assert servers.master.calls == 3
    assert guard.name(sessions.client.get_client().connection_pool) == "redis main"


def test_a_missing_master_is_one_short_line(servers, caplog):
    cut(servers.master, redis.sentinel.MasterNotFoundError("No master found : <Redis(<ConnectionPool(<Connection(db=0"))
    assert servers.cache("sessions").get("a") is None
    assert [line.message for line in caplog.records] == ["redis node failed: no Sentinel names a master"]


def test_the_master_is_asked_for_by_name_without_a_password(servers):
    pool = servers.cache("sessions").client.get_client().connection_pool
    assert (pool.is_master, pool.service_name) == (True, "main")
    assert pool.connection_kwargs["password"] == "r"
    for sentinel in pool.sentinel_manager.sentinels:
        assert sentinel.connection_pool.connection_kwargs.get("password") is None
        assert sentinel.connection_pool.connection_kwargs["socket_connect_timeout"] == 0.2
        assert sentinel.connection_pool.max_connections > 200
        assert sentinel.get_retry().get_retries() == 0
