"""Waiting for a primary: one prober for all waiters of a process, instead of all of them logging in. Django-free.

The prober's thread runs while somebody waits, or while the primary is marked down, and ends by itself.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from flotilla import metrics

logger = logging.getLogger(__name__)

PROBE_SECONDS = 0.2  # while somebody waits
IDLE_PROBE_SECONDS = 1.0  # while it is only marked down
JITTER_SECONDS = 0.005  # times the waiters: a hundred are let go within half a second


class Probe(Protocol):
    """Asks whether there is a writable primary; never raises."""

    def __call__(self) -> bool: ...

    def close(self) -> None: ...


class Primary:
    """What a process knows of one primary."""

    def __init__(self, probe: Probe, sleep: Callable[[float], None] = time.sleep):
        self._probe = probe
        self._sleep = sleep
        self._changed = threading.Condition()
        self._waiters = 0
        self._seen = 0  # successful probes so far
        self._running = False
        self.is_down = False
        metrics.PRIMARY_UP.set(1)

    def mark_down(self) -> None:
        """Somebody met a failure: page views stop asking until a probe succeeds."""
        with self._changed:
            if not self.is_down:
                self.is_down = True
                metrics.PRIMARY_UP.set(0)
                logger.warning("primary marked down")
            self._start()

    def wait(self, until: float) -> bool:
        """Sleep until a probe begun after this call finds a primary; False when `until` (monotonic) comes first."""
        started = time.monotonic()
        with metrics.WRITES_HELD.track_inprogress(), self._changed:
            self._waiters += 1
            self._start()
            self._changed.notify_all()  # wake a prober that sleeps its longer interval
            seen = self._seen
            found = self._changed.wait_for(lambda: self._seen > seen, timeout=max(0.0, until - started))
            crowd = self._waiters
            self._waiters -= 1
        if found:
            self._sleep(random.uniform(0, JITTER_SECONDS * crowd))
        metrics.WRITE_HOLD_SECONDS.observe(time.monotonic() - started)
        return found

    def _start(self) -> None:
        if not self._running:
            self._running = True
            threading.Thread(target=self._run, name="primary-prober", daemon=True).start()

    def _run(self) -> None:
        try:
            while self._round():
                pass
        finally:
            self._probe.close()

    def _round(self) -> bool:
        """Probe once and tell; whether to go on."""
        up = self._probe()
        with self._changed:
            if up:
                self._seen += 1
                self._mark_up()
                self._changed.notify_all()
            if not self._waiters and not self.is_down:
                self._running = False
                return False
            self._changed.wait(PROBE_SECONDS if self._waiters else IDLE_PROBE_SECONDS)
            return True

    def _mark_up(self) -> None:
        if self.is_down:
            self.is_down = False
            metrics.PRIMARY_UP.set(1)
            logger.info("primary is back")
