"""Waiting for a primary: one prober for all waiters of a process, instead of all of them logging in. Django-free.

The prober's thread runs while somebody waits or doubts, or while the primary is marked down, and ends by itself.
Invariants: `is_down` is only true while a prober runs; nobody is let go by a probe that began before he waited.
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
BUSY_SECONDS = 5.0  # after it a primary that did not answer somebody is asked like before
JITTER_SECONDS = 0.005  # times the waiters: a hundred are let go within half a second


class Probe(Protocol):
    """Asks whether there is a writable primary."""

    def __call__(self) -> bool: ...

    def close(self) -> None: ...


class Primary:
    """What a process knows of one primary."""

    def __init__(self, probe: Probe, sleep: Callable[[float], None] = time.sleep):
        self._probe = probe
        self._sleep = sleep
        self._changed = threading.Condition()
        self._waiters = 0
        self._begun = 0  # probes are numbered as they begin
        self._found = 0  # the last one that found a primary
        self._running = False
        self._busy_until = 0.0
        self.is_down = False
        metrics.PRIMARY_UP.set(1)

    @property
    def is_busy(self) -> bool:
        """Whether somebody got no answer a moment ago."""
        return time.monotonic() < self._busy_until

    def mark_down(self) -> None:
        """Somebody was refused: page views stop asking until a probe succeeds."""
        with self._changed:
            if self._start():
                self._mark_down()

    def suspect(self) -> None:
        """Somebody got no answer, which may be overload or a lock: the prober finds out."""
        with self._changed:
            self._busy_until = time.monotonic() + BUSY_SECONDS
            self._start()

    def wait(self, until: float) -> bool:
        """Sleep until a probe begun after this call finds a primary; False when `until` (monotonic) comes first."""
        started = time.monotonic()
        with metrics.WRITES_HELD.track_inprogress(), self._changed:
            self._waiters += 1
            begun = self._begun
            self._start()
            self._changed.notify_all()  # wake a prober that sleeps its longer interval
            found = self._changed.wait_for(lambda: self._found > begun, timeout=max(0.0, until - started))
            crowd = self._waiters
            self._waiters -= 1
        if found:
            self._sleep(random.uniform(0, JITTER_SECONDS * crowd))
        metrics.WRITE_HOLD_SECONDS.observe(time.monotonic() - started)
        return found

    def _start(self) -> bool:
        """Whether a prober runs now. A process out of threads goes on without: the next failure tries again."""
        if not self._running:
            try:
                threading.Thread(target=self._run, name="primary-prober", daemon=True).start()
            except RuntimeError:
                logger.exception("the prober could not be started")
            else:
                self._running = True
        return self._running

    def _run(self) -> None:
        try:
            while self._round():
                pass
        except Exception:
            logger.exception("the prober ended; the next failure starts another")
            with self._changed:
                self._running = False
                self._mark_up()

    def _round(self) -> bool:
        """Probe once and tell; whether to go on."""
        with self._changed:
            self._begun += 1
            number = self._begun
        up = self._is_up()
        with self._changed:
            if up:
                self._found = number
                self._mark_up()
                self._changed.notify_all()
            else:
                self._mark_down()
            if not self._waiters and not self.is_down:
                self._probe.close()  # before another prober may use it
                self._running = False
                return False
            self._changed.wait(PROBE_SECONDS if self._waiters else IDLE_PROBE_SECONDS)
            return True

    def _is_up(self) -> bool:
        try:
            return self._probe()
        except Exception:
            logger.exception("a probe failed in a way that nobody expected")
            return False

    def _mark_down(self) -> None:
        if not self.is_down:
            self.is_down = True
            metrics.PRIMARY_UP.set(0)
            logger.warning("primary marked down")

    def _mark_up(self) -> None:
        if self.is_down:
            self.is_down = False
            metrics.PRIMARY_UP.set(1)
            logger.info("primary is back")
