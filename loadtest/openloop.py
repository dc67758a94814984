"""Open-loop load: a request starts when the schedule says so, not when the last answer came.

A closed loop stands still together with a frozen server, and the wait never reaches its figures (coordinated
omission; Schroeder et al., NSDI 2006). Here latency counts from the planned start. Invariants: one request per slot
of the schedule; what its first try got stands in its outcome, whatever the client's retries got later; a run whose
starts came late says so itself (`invalid`).

All times are seconds since the run's zero, which is time.monotonic(): one clock for all containers of a machine.
Threads here; greenlets where the entry point has called gevent.monkey.patch_all().
"""

import threading
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from sys import intern

from .figures import percentile
from .outcome import LIMIT, LOOK, READ, WRITE, Answer, Outcome, attempt
from .retry import Retry

LATE_START = 0.005  # seconds: with a p99 of late starts above this, a run measures its generator
IN_FLIGHT = 1500  # bound on waiting requests: a minute of a dead edge at 20 requests a second, and its retries


@dataclass(frozen=True)
class Schedule:
    """Phases of constant arrival, (seconds, requests a second) each; writes are spread evenly among the reads."""

    phases: tuple[tuple[float, float], ...]
    write_share: float = 0.0
    _starts: tuple[float, ...] = field(init=False, repr=False)
    _firsts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self):
        lengths, counts = zip(*((seconds, round(seconds * rate)) for seconds, rate in self.phases), strict=True)
        object.__setattr__(self, "_starts", (0.0, *accumulate(lengths)))
        object.__setattr__(self, "_firsts", (0, *accumulate(counts)))

    @classmethod
    def constant(cls, rate: float, seconds: float, write_share: float = 0.0) -> "Schedule":
        return cls(((seconds, rate),), write_share)

    @property
    def seconds(self) -> float:
        return self._starts[-1]

    def __len__(self) -> int:
        return self._firsts[-1]

    @property
    def writes(self) -> int:
        return int(len(self) * self.write_share + 1e-9)

    def due(self, index: int) -> float:
        phase = bisect_right(self._firsts, index) - 1
        return self._starts[phase] + (index - self._firsts[phase]) / self.phases[phase][1]

    def kind(self, index: int) -> str:
        is_write = int((index + 1) * self.write_share + 1e-9) > int(index * self.write_share + 1e-9)
        return WRITE if is_write else READ


@dataclass
class Run:
    """Plays a schedule through `send(kind, index, timeout) -> Answer`. start() returns at once, join() the outcomes.

    With `retry`, a failed try is sent again: the same index must then make the same request, key and body.
    `on_outcome` is told each outcome as it ends; with keep=False nothing else remembers it, for long runs.
    """

    send: Callable[[str, int, float], Answer]
    schedule: Schedule
    on_outcome: Callable[[Outcome], None] | None = None
    retry: Retry | None = None
    keep: bool = True
    bound: int = IN_FLIGHT
    outcomes: list[Outcome] = field(default_factory=list)
    late: array = field(default_factory=lambda: array("d"))  # seconds, of each planned start
    bound_reached: bool = False
    _in_flight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False
    _error: Exception | None = None

    def start(self) -> "Run":
        self.zero = time.monotonic()
        self._driver = threading.Thread(target=self._drive, name="schedule", daemon=True)
        self._driver.start()
        return self

    def join(self) -> list[Outcome]:
        """Raises what on_outcome raised: a run whose record is not whole says nothing."""
        self._driver.join()
        if self._error:
            raise self._error
        return sorted(self.outcomes, key=lambda outcome: outcome.due)

    def stop(self) -> None:
        """Start nothing more; what is in flight may end."""
        self._stopped = True

    def now(self) -> float:
        return time.monotonic() - self.zero

    @property
    def late_p99(self) -> float:
        return percentile(self.late, 0.99)

    @property
    def invalid(self) -> str:
        """Why this run says nothing about the server; empty when it does."""
        if self.bound_reached:
            return f"{self.bound} requests were waiting at once: the generator starts no more than that"
        if (late := self.late_p99) > LATE_START:
            return f"p99 of late starts is {late * 1000:.1f} ms: the generator fell behind"
        return ""

    def _drive(self) -> None:
        with ThreadPoolExecutor(max_workers=self.bound) as pool:
            for index in range(len(self.schedule)):
                if not self._wait_for(self.schedule.due(index)):
                    break
                self._count(1)
                pool.submit(self._one, index)

    def _wait_for(self, due: float) -> bool:
        """Until then, or until stopped: whether to go on. Short sleeps cost a third of a wait for an event."""
        while not self._stopped and (left := due - self.now()) > 0:
            time.sleep(min(left, 0.2))
        return not self._stopped

    def _count(self, step: int) -> None:
        with self._lock:
            self.bound_reached |= step > 0 and self._in_flight >= self.bound
            self._in_flight += step

    def _one(self, index: int) -> None:
        kind, due, start = self.schedule.kind(index), self.schedule.due(index), self.now()
        self.late.append(start - due)
        try:
            answer = self._play(kind, due, start, lambda timeout: self.send(kind, index, timeout))
            if answer.look and answer.good:
                start = self.now()
                self._play(LOOK, start, start, answer.look)
        except Exception as error:
            self._error = error
            self.stop()
        finally:
            self._count(-1)

    def _play(self, kind: str, due: float, start: float, request: Callable[[float], Answer]) -> Answer:
        """Try, and try again as the policy says; what came of it is recorded."""
        first = answer = attempt(lambda: request(LIMIT - (start - due)))
        first_end = end = self.now()
        tries = 1
        while self.retry and (pause := self.retry.pause(answer, tries, due + LIMIT - end)) is not None:
            time.sleep(pause)
            answer = attempt(lambda: request(due + LIMIT - self.now()))
            end, tries = self.now(), tries + 1
        detail = first.detail if first.detail == answer.detail else f"{first.detail} → {answer.detail}".strip(" →")
        step, replica = intern(answer.step or first.step), intern(answer.replica)
        outcome = Outcome(
            kind, step, due, start, first.status, first_end, answer.status, end, tries,
            answer.cached, replica, answer.request_id, detail,
        )  # fmt: skip
        self._record(outcome)
        return answer

    def _record(self, outcome: Outcome) -> None:
        if self.keep:
            self.outcomes.append(outcome)  # list.append is atomic
        if self.on_outcome:
            self.on_outcome(outcome)
