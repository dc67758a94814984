"""A circuit breaker. Invariant: while open, no caller but one per pause is let through. Django-free.

After Nygard, "Release It!": closed -> open on a failure -> one trial after the pause -> closed or open again.
"""

import threading
import time
from collections.abc import Callable


class Breaker:
    """For one peer. `allows()` before a call, then `succeeded()` or `failed()`."""

    def __init__(self, pause: float = 5.0, clock: Callable[[], float] = time.monotonic):
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._open_until: float | None = None

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    @property
    def left(self) -> float:
        """Seconds until the next trial; 0 while closed, and when one is due."""
        until = self._open_until
        return 0.0 if until is None else max(0.0, until - self._clock())

    def allows(self) -> bool:
        """Whether this caller may try; when the pause is over, the first to ask is the trial."""
        if self._open_until is None:
            return True
        with self._lock:
            now = self._clock()
            if self._open_until is None or now < self._open_until:
                return self._open_until is None
            self._open_until = now + self._pause
            return True

    def succeeded(self) -> None:
        self._open_until = None

    def failed(self) -> None:
        self._open_until = self._clock() + self._pause
