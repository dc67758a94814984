"""Open-loop load: a request starts when the schedule says so, not when the last answer came.

A closed loop stands still together with a frozen server, and the wait never reaches its figures (coordinated
omission; Schroeder et al., NSDI 2006). Here latency counts from the intended start. Invariants:
one request per slot of the schedule; no retry; an outcome is what the one try got within the limit.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

READ, WRITE, LOOK = "read", "write", "look"  # a look belongs to a write: whether its author sees it
LIMIT = 60.0  # seconds: later answers count as failures
LATE_START = 0.1  # seconds: a generator that starts later than this measures itself
IN_FLIGHT = 1500  # bound on waiting requests; at it, starts come late and the run says so


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try got. `status` 0: no answer; `detail`: the error, or what the answer says about itself.

    `cached`: a cache in front of the application gave it. `look` is done right after, as a request of its own.
    """

    status: int
    detail: str = ""
    cached: bool = False
    look: Callable[[], "Answer"] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request of the schedule; times are seconds since the start of the run."""

    kind: str
    intended: float
    started: float
    finished: float
    status: int
    detail: str = ""
    cached: bool = False

    @property
    def latency(self) -> float:
        return self.finished - self.intended

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400 and self.latency <= LIMIT


@dataclass(frozen=True, slots=True)
class Schedule:
    """Constant arrival: request i is due at i / rate; writes are spread evenly among the reads."""

    rate: float
    duration: float
    write_share: float = 0.0

    def __len__(self) -> int:
        return round(self.rate * self.duration)

    @property
    def writes(self) -> int:
        return sum(self.kind(index) == WRITE for index in range(len(self)))

    def due(self, index: int) -> float:
        return index / self.rate

    def kind(self, index: int) -> str:
        is_write = int((index + 1) * self.write_share + 1e-9) > int(index * self.write_share + 1e-9)
        return WRITE if is_write else READ


@dataclass
class Run:
    """Plays a schedule through `send(kind, index, timeout) -> Answer`. start() returns at once, join() the outcomes."""

    send: Callable[[str, int, float], Answer]
    schedule: Schedule
    outcomes: list[Outcome] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Run":
        self._zero = time.monotonic()
        self._driver = threading.Thread(target=self._drive, name="schedule", daemon=True)
        self._driver.start()
        return self

    def join(self) -> list[Outcome]:
        self._driver.join()
        return sorted(self.outcomes, key=lambda outcome: outcome.intended)

    def stop(self) -> None:
        """Start nothing more; what is in flight may end."""
        self._stop.set()

    def now(self) -> float:
        return time.monotonic() - self._zero

    def _drive(self) -> None:
        with ThreadPoolExecutor(max_workers=IN_FLIGHT) as pool:
            for index in range(len(self.schedule)):
                wait = self.schedule.due(index) - self.now()
                if self._stop.wait(max(wait, 0)):
                    break
                pool.submit(self._one, index)

    def _one(self, index: int) -> None:
        kind, due, started = self.schedule.kind(index), self.schedule.due(index), self.now()
        answer = attempt(lambda: self.send(kind, index, LIMIT - (started - due)))
        self._record(kind, due, started, answer)
        if answer.look:
            started = self.now()
            self._record(LOOK, started, started, attempt(answer.look))

    def _record(self, kind: str, due: float, started: float, answer: Answer) -> None:
        # list.append is atomic.
        self.outcomes.append(Outcome(kind, due, started, self.now(), answer.status, answer.detail, answer.cached))


def attempt(request: Callable[[], Answer]) -> Answer:
    try:
        return request()
    except Exception as error:  # whatever went wrong, the person at the other end got no answer
        return Answer(0, f"{type(error).__name__}: {error}")
