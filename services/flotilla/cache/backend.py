"""Django cache backends over guarded Redis nodes: `ShardedCache` (three cache nodes) and `SentinelCache`.

A node that is away means misses and dropped writes, never an error. Values are JSON (see codec).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from flotilla import metrics, timing
from flotilla.cache import codec, nodes
from flotilla.cache.ring import Ring

MISSING = object()


class NodeCache(BaseCache):
    """The cache protocol over `self.node_for(key)`."""

    counted = True  # whether hits and misses tell something about the page

    def node_for(self, key: str) -> nodes.Node:
        raise NotImplementedError

    def all_nodes(self) -> Iterable[nodes.Node]:
        raise NotImplementedError

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        key = self.make_and_validate_key(key, version=version)
        value = self._decoded(self.node_for(key).call(lambda redis: redis.get(key), default=None))
        self._count([value])
        return default if value is MISSING else value

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._store(key, value, timeout, version)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._store(key, value, timeout, version, only_new=True))

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        key, milliseconds = self.make_and_validate_key(key, version=version), self._milliseconds(timeout)
        node = self.node_for(key)
        if milliseconds is None:
            return bool(node.call(lambda redis: redis.persist(key) or redis.exists(key), default=0))
        return bool(node.call(lambda redis: redis.pexpire(key, milliseconds), default=0))

    def delete(self, key: str, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return bool(self.node_for(key).call(lambda redis: redis.delete(key), default=0))

    def has_key(self, key: str, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return bool(self.node_for(key).call(lambda redis: redis.exists(key), default=0))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Atomic in Redis. ValueError for a key that is not there, as Django defines it."""
        key = self.make_and_validate_key(key, version=version)

        def count(redis: Any) -> int | None:
            return redis.incrby(key, delta) if redis.exists(key) else None

        value = self.node_for(key).call(count, default=None)
        if value is None:
            raise ValueError(f"Key {key!r} not found")
        return int(value)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        """One MGET per node."""
        wanted = {self.make_and_validate_key(key, version=version): key for key in keys}
        found = {}
        for node, group in self._by_node(wanted).items():
            values = node.call(lambda redis, group=group: redis.mget(group), default=[None] * len(group))
            found |= {wanted[key]: self._decoded(value) for key, value in zip(group, values, strict=True)}
        self._count(found.values())
        return {key: value for key, value in found.items() if value is not MISSING}

    def set_many(self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[str]:
        return [key for key, value in data.items() if not self._store(key, value, timeout, version)]

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        for node, group in self._by_node([self.make_and_validate_key(key, version=version) for key in keys]).items():
            node.call(lambda redis, group=group: redis.delete(*group), default=0)

    def clear(self) -> None:
        for node in self.all_nodes():
            node.call(lambda redis: redis.flushdb(), default=False)

    def _store(self, key: str, value: Any, timeout: Any, version: int | None, *, only_new: bool = False) -> Any:
        key, milliseconds = self.make_and_validate_key(key, version=version), self._milliseconds(timeout)
        data, node = codec.encode(value), self.node_for(key)
        if milliseconds is not None and milliseconds <= 0:
            return node.call(lambda redis: redis.delete(key), default=0)
        return node.call(lambda redis: redis.set(key, data, px=milliseconds, nx=only_new), default=None)

    def _milliseconds(self, timeout: Any) -> int | None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else int(seconds * 1000)

    def _decoded(self, data: bytes | None) -> Any:
        try:
            return MISSING if data is None else codec.decode(data)
        except ValueError:
            return MISSING

    def _by_node(self, keys: Iterable[str]) -> dict[nodes.Node, list[str]]:
        groups = defaultdict(list)
        for key in keys:
            groups[self.node_for(key)].append(key)
        return groups

    def _count(self, values: Iterable[Any]) -> None:
        if not self.counted:
            return
        for value in values:
            hit = value is not MISSING
            metrics.CACHE_READS.labels("hit" if hit else "miss").inc()
            timing.note_cache(hit=hit)


class ShardedCache(NodeCache):
    """Keys spread over the nodes of LOCATION by consistent hashing; a lost node costs its share of misses."""

    def __init__(self, location: list[str], params: dict[str, Any]):
        super().__init__(params)
        self._nodes = _shared_nodes(tuple(location), params.get("OPTIONS", {}).get("password", ""))
        self._ring = Ring(list(location))

    def node_for(self, key: str) -> nodes.Node:
        return self._nodes[self._ring.node(key)]

    def all_nodes(self) -> Iterable[nodes.Node]:
        return self._nodes


class SentinelCache(NodeCache):
    """Everything on the master that Sentinel names: what was written is what is read."""

    counted = False

    def __init__(self, location: str, params: dict[str, Any]):
        super().__init__(params)

    def node_for(self, key: str) -> nodes.Node:
        node = nodes.sentinel_node()
        assert node is not None, "SentinelCache is configured without REDIS_SENTINELS"
        return node

    def all_nodes(self) -> Iterable[nodes.Node]:
        return [self.node_for("")]


_made: dict[tuple[str, ...], list[nodes.Node]] = {}


def _shared_nodes(addresses: tuple[str, ...], password: str) -> list[nodes.Node]:
    """One set of nodes a process: Django makes a backend per thread, the breakers must be shared."""
    if addresses not in _made:
        _made.setdefault(addresses, [nodes.cache_node(address, password) for address in addresses])
    return _made[addresses]
