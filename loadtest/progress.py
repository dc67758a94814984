"""How far a load test is, while it runs: one line that is written anew on a terminal, else a line every few seconds."""

import sys
import threading
from bisect import bisect_left
from collections.abc import Callable
from typing import TextIO

from .outcome import Outcome
from .verdict import answers, is_failed, is_refused, latencies

WINDOW = 5.0  # seconds that the figures of a line look back on
EVERY = 5.0  # seconds between plain lines


class Record:
    """What has ended so far, in the order it ended. `tell` is an openloop.Run's on_outcome."""

    def __init__(self, also: Callable[[Outcome], None] | None = None):
        self.outcomes: list[Outcome] = []
        self._also = also

    def tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if self._also:
            self._also(outcome)

    def since(self, moment: float) -> list[Outcome]:
        return self.outcomes[bisect_left(self.outcomes, moment, key=lambda outcome: outcome.first_end) :]


class Totals:
    """Failures and refusals so far, without counting everything anew for each line."""

    def __init__(self, record: Record):
        self.record, self.seen, self.failed, self.refused = record, 0, 0, 0

    def update(self) -> None:
        fresh = self.record.outcomes[self.seen :]
        self.seen += len(fresh)
        self.failed += sum(map(is_failed, fresh))
        self.refused += sum(map(is_refused, fresh))


def line(recent: list[Outcome], totals: Totals, now: float, seconds: float) -> str:
    """One line over the last WINDOW seconds; failures and refusals are those of the whole run."""
    spread = latencies(answers(recent))
    rate = len(recent) / min(max(now, 1.0), WINDOW)
    left = f"{max(seconds - now, 0):4.0f} s left" if now < seconds else "  answers"
    times = " ".join(f"{name} {spread[name] * 1000:.0f}" for name in ("p50", "p95", "p99"))
    return f"{left}  {rate:6.1f}/s  {times} ms  {totals.failed} failed  {totals.refused} refused"


class Progress:
    """Writes lines until `stop()`. `now()`: seconds since the start of the run."""

    def __init__(self, record: Record, now: Callable[[], float], seconds: float, out: TextIO = sys.stdout):
        self.record, self.now, self.seconds, self.out = record, now, seconds, out
        self.totals, self.terminal = Totals(record), out.isatty()
        self._stop = threading.Event()

    def start(self) -> "Progress":
        self._thread = threading.Thread(target=self._play, name="progress", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        if self.terminal:
            self.out.write("\n")

    def text(self) -> str:
        self.totals.update()
        now = self.now()
        return line(self.record.since(now - WINDOW), self.totals, now, self.seconds)

    def _play(self) -> None:
        while not self._stop.wait(1.0 if self.terminal else EVERY):
            self.out.write(f"\r\033[K{self.text()}" if self.terminal else f"{self.text()}\n")
            self.out.flush()
