"""Logins of one account within a window of time, counted in the cache, and limited: whoever guesses is slowed down.

An attempt counts from its beginning until it succeeds, so that many at once are no way round. By address, whether or
not there is such an account. A cache that is away, or forgets, counts nothing: then only the edge's limit holds.
"""

import hashlib
import math
import time

from django.conf import settings
from django.core.cache import caches


class TooMany(Exception):
    """Failed too often; `seconds` until the next attempt is let in."""

    def __init__(self, seconds: int):
        super().__init__("Too many attempts to log in.")
        self.seconds = seconds


def attempt_begin(*, email: str) -> None:
    """Count one. Raises TooMany."""
    seconds, cache = settings.LOGIN_WINDOW_SECONDS, caches["default"]
    key = _key(email)
    cache.add(key, 0, seconds)
    if _changed(key, 1) > settings.LOGIN_FAILURES:
        raise TooMany(math.ceil(seconds - time.time() % seconds))


def attempt_undo(*, email: str) -> None:
    """It was not made: that was our fault."""
    _changed(_key(email), -1)


def attempt_succeed(*, email: str) -> None:
    """Forget the failures before."""
    caches["default"].delete(_key(email))


def _changed(key: str, by: int) -> int:
    """The count after that; 0 without a cache."""
    try:
        return caches["default"].incr(key, by)
    except ValueError:
        return 0


def _key(email: str) -> str:
    """Of this window; without the address, which is nobody else's business."""
    window = int(time.time()) // settings.LOGIN_WINDOW_SECONDS
    return f"login:{hashlib.sha256(email.encode()).hexdigest()[:32]}:{window}"
