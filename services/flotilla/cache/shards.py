"""django-redis' client for several cache servers: a lost one costs its share of misses, not the other servers' keys."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django_redis.client import DefaultClient
from django_redis.client import ShardClient as PlainShardClient
from django_redis.exceptions import ConnectionInterrupted
from django_redis.hash_ring import HashRing
from django_redis.util import CacheKey

ring = cache(HashRing)  # 384 hashes; once a process, where each thread has a client


class ShardClient(PlainShardClient):
    """Differs in the calls that span servers: one round trip for each, and a lost one does not spoil the rest."""

    def __init__(self, server: list[str], params: dict[str, Any], backend: Any):
        DefaultClient.__init__(self, server, params, backend)  # past ShardClient's own, which makes a ring each time
        self._ring = ring(tuple(self._server))
        self._serverdict = self.connect()

    def servers(self) -> list[redis.Redis]:
        """One client for each server."""
        return list(self._serverdict.values())

    # These three: as django-redis', without its warning about an argument that its own callers pass.

    def get(self, key: str, default: Any = None, version: int | None = None, client: Any = None) -> Any:
        key = self.make_key(key, version=version)
        return DefaultClient.get(self, key, default, client=client or self.get_server(key))

    def set(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
        client: Any = None,
        **how: bool,
    ) -> bool:
        key = self.make_key(key, version=version)
        return DefaultClient.set(self, key, value, timeout, client=client or self.get_server(key), **how)

    def delete(self, key: str, version: int | None = None, prefix: str | None = None, client: Any = None) -> int:
        key = self.make_key(key, version=version, prefix=prefix)
        return DefaultClient.delete(self, key, client=client or self.get_server(key))

    def get_many(self, keys: Iterable[str], version: int | None = None, client: None = None) -> dict[str, Any]:
        """What the servers that answer have."""
        wanted = {self.make_key(key, version=version): key for key in keys}
        found: dict[str, Any] = {}
        for server, group in self._by_server(wanted):
            try:
                found |= DefaultClient.get_many(self, group, client=server)
            except ConnectionInterrupted:
                continue
        return {wanted[key]: value for key, value in found.items()}

    def set_many(
        self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None, client: None = None
    ) -> list[str]:
        """The keys that could not be stored."""
        wanted = {self.make_key(key, version=version): key for key in data}
        failed: list[str] = []
        for server, group in self._by_server(wanted):
            pipeline = server.pipeline(transaction=False)
            for key in group:
                self.set(key, data[wanted[key]], timeout, client=pipeline)
            try:
                pipeline.execute()
            except redis.RedisError:
                failed += [wanted[key] for key in group]
        return failed

    def delete_many(self, keys: Iterable[str], version: int | None = None, client: None = None) -> int:
        """How many there were on the servers that answer."""
        deleted = 0
        for server, group in self._by_server([self.make_key(key, version=version) for key in keys]):
            try:
                deleted += DefaultClient.delete_many(self, group, client=server)
            except ConnectionInterrupted:
                continue
        return deleted

    def clear(self, client: None = None) -> None:
        for server in self.servers():
            try:
                DefaultClient.clear(self, client=server)
            except ConnectionInterrupted:
                continue

    def _by_server(self, keys: Iterable[CacheKey]) -> Iterable[tuple[redis.Redis, list[CacheKey]]]:
        groups: dict[str, list[CacheKey]] = defaultdict(list)
        for key in keys:
            groups[self.get_server_name(key)].append(key)
        return [(self._serverdict[server], group) for server, group in groups.items()]
