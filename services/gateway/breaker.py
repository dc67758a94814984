"""Leaving a service alone that fails. Invariant: while open, no caller but one per pause is let through. Django-free.

One failure of a service that has replicas says little: it opens when of the calls that ended lately at least so many
failed, and they are no less than half.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from flotilla.breaker import Breaker

LATELY_SECONDS = 10.0
LEAST = 5
KEPT = 1000  # ended calls, for counting


class ServiceBreaker:
    """`allows()` before a call; then `succeeded()` or `failed()`, or neither where the call says nothing about it."""

    def __init__(self, pause: float, clock: Callable[[], float] = time.monotonic):
        self._breaker, self._clock = Breaker(pause, clock), clock
        self._ended: deque[tuple[float, bool]] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self.allows = self._breaker.allows

    @property
    def left(self) -> float:
        """Seconds until somebody is let through; 0 while closed."""
        return self._breaker.left

    def succeeded(self) -> None:
        with self._lock:
            if self._breaker.is_open:
                self._ended.clear()
            self._ended.append((self._clock(), True))
            self._breaker.succeeded()

    def failed(self) -> None:
        with self._lock:
            self._ended.append((self._clock(), False))
            if self._breaker.is_open or self._is_over():
                self._breaker.failed()

    def _is_over(self) -> bool:
        since = self._clock() - LATELY_SECONDS
        lately = [well for ended, well in self._ended if ended > since]
        failed = lately.count(False)
        return failed >= LEAST and 2 * failed >= len(lately)
