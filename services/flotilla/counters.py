"""Counters that cost no database write: added up in Redis, drained into the database by a job.

A lost Redis loses counts not yet drained, nothing else: use them for what may be approximate.
"""

import threading
from collections import Counter as Tally
from contextlib import suppress

import redis

from flotilla.cache import master

# Reads and empties the hash in one step, so that a count is drained by exactly one caller.
DRAIN = "local all = redis.call('HGETALL', KEYS[1]); redis.call('DEL', KEYS[1]); return all"


class Counter:
    """Counts per id, for example `Counter("product_views").add(product.id)`."""

    def __init__(self, name: str):
        self.key = f"counter:{name}"
        self._lock = threading.Lock()
        self._local: Tally[str] = Tally()

    def add(self, id: object, amount: int = 1) -> None:
        """Count; when Redis is away the count is dropped, as a page view must not wait for it."""
        server = master.client()
        if server is None:
            with self._lock:
                self._local[str(id)] += amount
            return
        with suppress(redis.RedisError):
            server.hincrby(self.key, str(id), amount)

    def drain(self) -> dict[str, int]:
        """All counts since the last drain, and forget them. Empty when Redis is away."""
        server = master.client()
        if server is None:
            with self._lock:
                drained, self._local = dict(self._local), Tally()
            return drained
        try:
            flat = server.eval(DRAIN, 1, self.key)
        except redis.RedisError:
            return {}
        return {flat[i].decode(): int(flat[i + 1]) for i in range(0, len(flat), 2)}
