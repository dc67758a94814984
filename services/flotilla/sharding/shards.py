"""Which database has a bucket, and by which alias it is read and written.

SHARD_MAP = {0: "default", 342: "shard_1", 683: "shard_2"}: from that bucket on, up to the next one. It is data, and no
rule: a shard more gets buckets by moving them, never by being counted.
"""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from flotilla.db import aliases, router
from flotilla.sharding.buckets import BUCKETS


class ShardMap:
    """Invariant: every bucket is in exactly one database."""

    def __init__(self, firsts: Mapping[int, str]):
        """First bucket -> alias. Raises ValueError when a bucket would be nowhere."""
        self._firsts = sorted(firsts)
        if self._firsts[:1] != [0] or self._firsts[-1] >= BUCKETS:
            raise ValueError(f"a map of shards begins with bucket 0 and ends before {BUCKETS}")
        self._aliases = [firsts[first] for first in self._firsts]

    def alias(self, bucket: int) -> str:
        return self._aliases[bisect_right(self._firsts, bucket) - 1]


def primary(bucket: int) -> str:
    """Where the bucket is written."""
    return _map(tuple(settings.SHARD_MAP.items())).alias(bucket)


def reader(bucket: int, *, prefer_primary: bool = False) -> str:
    """Where this request reads it."""
    return router.for_read(primary(bucket), prefer_primary=prefer_primary)


def every() -> list[str]:
    """All shards, to be asked one after the other."""
    return sorted(set(settings.SHARD_MAP.values()))


def check() -> None:
    """Raises ImproperlyConfigured when SHARD_MAP is none, or names a database that is none."""
    known = aliases.primaries(settings.DATABASES)
    try:
        ShardMap(settings.SHARD_MAP)
    except ValueError as error:
        raise ImproperlyConfigured(f"SHARD_MAP: {error}.") from None
    if missing := [alias for alias in every() if alias not in known]:
        raise ImproperlyConfigured(f"SHARD_MAP names {', '.join(missing)}, DATABASE_SHARDS does not.")


@cache
def _map(firsts: tuple[tuple[int, str], ...]) -> ShardMap:
    return ShardMap(dict(firsts))
