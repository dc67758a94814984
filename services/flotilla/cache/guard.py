"""Redis connections behind breakers: django-redis' REDIS_CLIENT_CLASS.

A server that fails is left alone for a few seconds: a dead one costs one caller one timeout, not every caller. One
breaker a server and process, whatever number of clients: Django makes a cache per thread.
"""

import logging
from collections.abc import Callable

import redis
from redis.client import Pipeline
from redis.exceptions import MaxConnectionsError
from redis.sentinel import MasterNotFoundError, SentinelConnectionPool

from flotilla import metrics
from flotilla.breaker import Breaker

logger = logging.getLogger(__name__)

_breakers: dict[str, Breaker] = {}


class LeftAlone(redis.ConnectionError):
    """The server failed a moment ago and was not asked."""


def breaker(pool: redis.ConnectionPool) -> Breaker:
    """The one for the pool's server, or for whatever server Sentinel names."""
    return _breakers.setdefault(name(pool), Breaker())


def name(pool: redis.ConnectionPool) -> str:
    """What metrics and log lines call the peer: `cache 10.0.0.1:6379`, `redis main`."""
    if isinstance(pool, SentinelConnectionPool):
        return f"redis {pool.service_name}"
    return f"cache {pool.connection_kwargs['host']}:{pool.connection_kwargs['port']}"


def guarded[T](pool: redis.ConnectionPool, action: Callable[[], T]) -> T:
    """The result of `action`. Raises LeftAlone at once while the pool's breaker is open."""
    known = breaker(pool)
    if not known.allows():
        raise LeftAlone(f"{name(pool)} is left alone")
    try:
        result = action()
    except MaxConnectionsError:  # a ConnectionError by class, but this process is at fault
        raise
    except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
        _failed(pool, known, error)
        if isinstance(error, OSError):  # django-redis ignores redis-py's errors only
            raise redis.ConnectionError(str(error)) from error
        raise
    except redis.ResponseError:  # an answer
        _answered(pool, known)
        raise
    _answered(pool, known)
    return result


def _failed(pool: redis.ConnectionPool, known: Breaker, error: Exception) -> None:
    if not known.is_open:
        # Sentinel's own message is a page about every connection's settings.
        reason = "no Sentinel names a master" if isinstance(error, MasterNotFoundError) else error
        logger.warning("redis node failed: %s", reason, extra={"node": name(pool)})
    known.failed()
    metrics.BREAKER_OPEN.labels(name(pool)).set(1)
    # The others lead to the same silent server: the trial must not spend its one try on them, but ask Sentinel anew.
    pool.disconnect(inuse_connections=False)


def _answered(pool: redis.ConnectionPool, known: Breaker) -> None:
    if known.is_open:
        known.succeeded()
        metrics.BREAKER_OPEN.labels(name(pool)).set(0)
        logger.info("redis node is back", extra={"node": name(pool)})


class GuardedPipeline(Pipeline):
    """A pipeline whose execution counts as one call."""

    def execute(self, raise_on_error: bool = True) -> list:
        return guarded(self.connection_pool, lambda: super(GuardedPipeline, self).execute(raise_on_error))


class GuardedRedis(redis.Redis):
    """redis-py's client behind its server's breaker."""

    def execute_command(self, *args: object, **options: object) -> object:
        return guarded(self.connection_pool, lambda: super(GuardedRedis, self).execute_command(*args, **options))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> GuardedPipeline:
        return GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
