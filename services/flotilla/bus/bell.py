"""The doorbell: after a commit the relay need not wait for its next look. A ring that is lost costs two seconds."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import redis
from django.conf import settings

from flotilla.bus import local
from flotilla.cache import master

logger = logging.getLogger(__name__)

KEPT_SECONDS = 60
RINGS = 2  # a list that nobody empties stays short; one for each of two workers


def key(service: str) -> str:
    return f"bus:bell:{service}"


@cache
def ringer(alias: str) -> Callable[[], None]:
    """One function for each alias, so that who registers it can see that it is registered."""

    def ring() -> None:
        server = master.client()
        if server is None:
            local.deliver(alias)
        else:
            _ring(server, key(settings.FLOTILLA.service))

    return ring


def _ring(server: redis.Redis, name: str) -> None:
    """One round trip, by the client that gives up after half a second and then leaves a dead server alone."""
    with suppress(redis.RedisError):
        pipeline = server.pipeline(transaction=False)
        pipeline.lpush(name, "1").ltrim(name, 0, RINGS - 1).expire(name, KEPT_SECONDS)
        pipeline.execute()
