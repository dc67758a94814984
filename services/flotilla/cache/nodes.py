"""Connections to Redis: one guarded node per address, and one for whatever Sentinel calls the master.

A node that fails is left alone for a few seconds: a dead one costs one caller one timeout, not every caller.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from flotilla import metrics
from flotilla.breaker import Breaker

logger = logging.getLogger(__name__)
T = TypeVar("T")

# A peer that is slower than this is worth less than a database read. A paused container accepts and never answers.
TIMEOUTS = {"socket_connect_timeout": 0.3, "socket_timeout": 0.5}


class Node:
    """A Redis behind a breaker."""

    def __init__(self, name: str, connect: Callable[[], redis.Redis]):
        self.name = name
        self.breaker = Breaker()
        self._connect = connect
        self._redis: redis.Redis | None = None

    def call(self, action: Callable[[redis.Redis], T], default: T) -> T:
        """The result of `action`, or `default` when the node cannot be used."""
        if not self.breaker.allows():
            return default
        try:
            if self._redis is None:
                self._redis = self._connect()
            result = action(self._redis)
        except (redis.RedisError, OSError) as error:
            self._failed(error)
            return default
        if self.breaker.is_open:
            self.breaker.succeeded()
            metrics.BREAKER_OPEN.labels(self.name).set(0)
            logger.info("redis node is back", extra={"node": self.name})
        return result

    def _failed(self, error: Exception) -> None:
        if not self.breaker.is_open:
            logger.warning("redis node failed: %s", error, extra={"node": self.name})
        self.breaker.failed()
        metrics.BREAKER_OPEN.labels(self.name).set(1)


def _retry() -> Retry:
    """Once, and only for a kept connection that its server has closed; a timeout is not tried again."""
    return Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))


def cache_node(address: str, password: str) -> Node:
    """A cache shard by `ip:port`."""
    host, _, port = address.partition(":")
    return Node(
        f"cache {address}",
        lambda: redis.Redis(host=host, port=int(port or 6379), password=password or None, retry=_retry(), **TIMEOUTS),
    )


@cache
def sentinel_node() -> Node | None:
    """The master that Sentinel names, asked anew for each connection; None when no Sentinel is configured."""
    options = settings.FLOTILLA
    if not options.redis_sentinels:
        return None

    def connect() -> redis.Redis:
        addresses = [
            (host, int(port or 26379)) for host, _, port in (a.partition(":") for a in options.redis_sentinels)
        ]
        credentials = {"password": options.redis_password or None}
        sentinel = Sentinel(addresses, sentinel_kwargs=credentials | TIMEOUTS)
        return sentinel.master_for(options.redis_master, retry=_retry(), **credentials, **TIMEOUTS)

    return Node(f"redis {options.redis_master}", connect)
