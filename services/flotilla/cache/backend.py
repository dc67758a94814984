"""django-redis' cache backend as the services need it: a server that is away means misses, never an error."""

from collections.abc import Iterable
from typing import Any

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django_redis.cache import RedisCache

from flotilla import metrics, timing
from flotilla.cache.values import UNREADABLE

MISSING = object()


class Cache(RedisCache):
    """Also treats what cannot be decoded as a miss, and keeps Django's contract where django-redis lets go of it."""

    def get(self, key: str, default: Any = None, version: int | None = None, client: Any = None) -> Any:
        value = super().get(key, MISSING, version, client)
        hit = value is not MISSING and value is not UNREADABLE
        self.note(hit=hit)
        return value if hit else default

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        keys = list(keys)
        found = {key: value for key, value in super().get_many(keys, version).items() if value is not UNREADABLE}
        for key in keys:
            self.note(hit=key in found)
        return found

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """ValueError also when the server is away: the key is as good as missing."""
        value = super().incr(key, delta, version=version)
        if value is None:
            raise ValueError(f"Key {key!r} not found")
        return value

    def decr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return self.incr(key, -delta, version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """django-redis lets the connection's error through."""
        try:
            return super().touch(key, timeout, version=version)
        except redis.RedisError:
            return False

    def note(self, *, hit: bool) -> None:
        """Sessions are not counted: they tell nothing about the page."""


class CountedCache(Cache):
    """Hits and misses show in the metrics and in the Server-Timing header."""

    def note(self, *, hit: bool) -> None:
        metrics.CACHE_READS.labels("hit" if hit else "miss").inc()
        timing.note_cache(hit=hit)
