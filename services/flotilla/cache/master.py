"""The Redis master under Sentinel, for what is neither a cache nor a session: counters, the bus' doorbell."""

import redis
from django_redis import get_redis_connection


def client() -> redis.Redis | None:
    """Guarded: short timeouts, one breaker for the process. None when sessions are kept in process memory."""
    try:
        return get_redis_connection("sessions")
    except NotImplementedError:
        return None
