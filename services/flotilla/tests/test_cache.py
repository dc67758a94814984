"""The cache: consistent hashing, encoding, guarded nodes, and the Django backends over them."""

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from flotilla import context, counters
from flotilla.cache import backend, codec, nodes
from flotilla.cache.ring import Ring
from flotilla.env import Env

NAMES = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"]


@given(st.text())
def test_removing_a_node_moves_only_its_keys(key):
    before = NAMES[Ring(NAMES).node(key)]
    left = [name for name in NAMES if name != NAMES[2]]
    after = left[Ring(left).node(key)]
    assert after == before or before == NAMES[2]


def test_shares_are_even():
    ring = Ring(NAMES)
    counts = [0, 0, 0]
    for number in range(6000):
        counts[ring.node(f"key-{number}")] += 1
    assert all(1500 < count < 2500 for count in counts)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_is_encoded_is_decoded(value):
    data = codec.encode(value)
    assert codec.decode(data if isinstance(data, bytes) else str(data).encode()) == value


def test_long_values_are_compressed():
    assert len(codec.encode("x" * 5000)) < 100
    assert codec.encode("x" * 100)[:1] == b"j"


@pytest.mark.parametrize("data", [b"z not deflated", b"j{", b"", b"\x80\x04pickle"])
def test_foreign_bytes_are_a_value_error(data):
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind: the backend takes it for a miss
        codec.decode(data)


class FakeRedis:
    """What the backend uses of Redis, in a dictionary; fails while `broken`."""

    def __init__(self):
        self.data, self.broken, self.calls = {}, None, 0

    def __getattribute__(self, name):
        if name.startswith("_") or name in {"data", "broken", "calls"}:
            return object.__getattribute__(self, name)
        self.calls += 1
        if self.broken:
            raise self.broken
        return object.__getattribute__(self, f"do_{name}")

    def do_get(self, key):
        return self.data.get(key)

    def do_mget(self, keys):
        return [self.data.get(key) for key in keys]

    def do_set(self, key, value, px=None, nx=False):
        if nx and key in self.data:
            return None
        self.data[key] = value if isinstance(value, bytes) else str(value).encode()
        return True

    def do_delete(self, *keys):
        return sum(self.data.pop(key, None) is not None for key in keys)

    def do_exists(self, key):
        return int(key in self.data)

    def do_incrby(self, key, delta):
        self.data[key] = str(int(self.data[key]) + delta).encode()
        return int(self.data[key])

    def do_pexpire(self, key, milliseconds):
        return int(key in self.data)

    def do_persist(self, key):
        return 0

    def do_flushdb(self):
        self.data.clear()
        return True

    def do_hincrby(self, key, field, amount):
        counts = self.data.setdefault(key, {})
        counts[field.encode()] = counts.get(field.encode(), 0) + amount

    def do_eval(self, script, count, key):
        return [part for name, n in self.data.pop(key, {}).items() for part in (name, str(n).encode())]


@pytest.fixture
def fakes(monkeypatch):
    made = [FakeRedis() for _ in NAMES]
    shared = [nodes.Node(name, lambda fake=fake: fake) for name, fake in zip(NAMES, made, strict=True)]
    monkeypatch.setattr(backend, "_shared_nodes", lambda addresses, password: shared)
    return made


@pytest.fixture
def cache(fakes):
    return backend.ShardedCache(NAMES, {"OPTIONS": {"password": "p"}})


def test_the_protocol(cache, fakes):
    assert cache.get("a") is None
    assert cache.get("a", "default") == "default"
    cache.set("a", {"n": 1})
    assert cache.get("a") == {"n": 1}
    assert not cache.add("a", 2)
    assert cache.add("b", 2)
    assert cache.incr("b") == 3
    assert cache.has_key("b")
    assert cache.touch("b", 5)
    assert cache.touch("b", None)
    assert cache.delete("b")
    assert not cache.delete("b")
    cache.set("gone", 1, timeout=0)
    cache.set("stays", 1, timeout=None)
    assert (cache.get("gone"), cache.get("stays")) == (None, 1)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("nothing")
    cache.clear()
    assert not any(fake.data for fake in fakes)


def test_many_are_one_call_per_node(cache, fakes):
    values = {f"key-{n}": n for n in range(50)}
    assert cache.set_many(values) == []
    for fake in fakes:
        fake.calls = 0
    assert cache.get_many([*values, "other"]) == values
    assert [fake.calls for fake in fakes] == [1, 1, 1]
    cache.delete_many(values)
    assert cache.get_many(values) == {}


def test_damaged_values_are_misses(cache, fakes):
    cache.set("a", 1)
    for fake in fakes:
        fake.data = dict.fromkeys(fake.data, b"\x80pickle")
    assert cache.get("a") is None


def test_a_dead_node_costs_misses_and_one_try(cache, fakes):
    values = {f"key-{n}": n for n in range(50)}
    cache.set_many(values)
    fakes[0].broken = redis.ConnectionError("gone")
    for _ in range(5):
        found = cache.get_many(values)
    assert 10 < len(found) < 50
    fakes[0].calls = 0
    assert cache.get_many(values) == found
    assert fakes[0].calls == 0
    lost = next(key for key in values if key not in found)
    cache.set(lost, 1)
    assert not cache.delete(lost)
    with pytest.raises(ValueError, match="not found"):
        cache.incr(lost)


def test_a_node_that_is_back_is_used_again(fakes):
    node = nodes.Node("n", lambda: fakes[0])
    node.breaker._pause = 0
    fakes[0].broken = redis.TimeoutError("silent")
    assert node.call(lambda r: r.get("a"), default="fallback") == "fallback"
    assert node.call(lambda r: r.get("a"), default="fallback") == "fallback"
    fakes[0].broken = None
    assert node.call(lambda r: r.get("a"), default="fallback") is None
    assert not node.breaker.is_open


def test_hits_and_misses_show_in_server_timing(cache):
    with context.use(context.RequestState()) as state:
        cache.set("a", 1)
        cache.get("a")
        assert state.notes == {"cache": "hit"}
        cache.get_many(["a", "b"])
        assert state.notes == {"cache": "miss"}


def test_sentinel_cache_uses_the_one_master_and_is_not_counted(monkeypatch, fakes):
    monkeypatch.setattr(nodes, "sentinel_node", lambda: nodes.Node("main", lambda: fakes[0]))
    sessions = backend.SentinelCache("", {})
    with context.use(context.RequestState()) as state:
        sessions.set("a", [1])
        assert sessions.get("a") == [1]
        assert state.notes == {}
    sessions.clear()
    assert fakes[0].data == {}


def test_nodes_are_shared_by_address():
    first = backend._shared_nodes(("h:1", "h"), "p")
    assert backend._shared_nodes(("h:1", "h"), "p") is first
    client = first[0]._connect()
    assert client.connection_pool.connection_kwargs["socket_timeout"] == 0.5
    assert first[1]._connect().connection_pool.connection_kwargs["port"] == 6379


def test_sentinel_node_from_settings(settings):
    class Options:
        redis_sentinels, redis_master, redis_password = ("10.0.0.1:26379", "10.0.0.2"), "main", "p"

    nodes.sentinel_node.cache_clear()
    settings.FLOTILLA = Env()
    assert nodes.sentinel_node() is None
    nodes.sentinel_node.cache_clear()
    try:
        settings.FLOTILLA = Options
        node = nodes.sentinel_node()
        assert node.name == "redis main"
        assert node._connect().connection_pool.service_name == "main"
    finally:
        nodes.sentinel_node.cache_clear()


def test_counters_without_redis_count_in_the_process(monkeypatch):
    monkeypatch.setattr(nodes, "sentinel_node", lambda: None)
    counter = counters.Counter("views")
    counter.add(7)
    counter.add(7, 2)
    assert counter.drain() == {"7": 3}
    assert counter.drain() == {}


def test_counters_in_redis_are_drained_once_and_survive_its_loss(monkeypatch, fakes):
    node = nodes.Node("main", lambda: fakes[0])
    monkeypatch.setattr(nodes, "sentinel_node", lambda: node)
    counter = counters.Counter("views")
    counter.add("a")
    counter.add("a")
    assert counter.drain() == {"a": 2}
    assert counter.drain() == {}
    assert counters._text("a") == "a"
    fakes[0].broken = redis.ConnectionError("gone")
    counter.add("a")
    assert counter.drain() == {}
