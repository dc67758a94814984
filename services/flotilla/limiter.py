"""How many unsafe requests a process works on at once; the others wait their turn without a connection. Django-free.

A hundred threads in one process share one core: each of a hundred transactions then lasts a hundred times as long,
keeps its connection and its locks, and ends at a time limit instead of with a COMMIT. A few at a time all end in time.
Who waits for a primary, or for another service, does not work: such a request steps aside, and comes back before those
who wait to begin.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from flotilla import context, metrics

QUEUE_SECONDS = 5.0  # in a queue that moves; the balancer's queue has the same patience
STALL_SECONDS = 2.0  # a queue in which no turn has ended for so long stands still
CATCH_UP_SECONDS = 20.0  # after that what has piled up is worked off, however long the queue
LOOK_SECONDS = 0.25  # how often one in the queue looks whether waiting is still worth its while


class Overloaded(Exception):
    """More is asked than can be done: the turn did not come in time. Nothing was begun."""


class Limiter:
    """`limit` turns, first come, first served.

    A queue that moves and still lasts too long is overload, and refused. One that stands still waits for a database
    that is away, and is waited out; so is what has piled up behind it.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic, *, queue: int | None = None):
        """`queue`: who finds so many waiting already is refused at once; None: nobody is."""
        self._limit, self._clock, self._longest = limit, clock, queue
        self._lock = threading.Lock()
        self._taken = 0
        self._arrived: deque[threading.Event] = deque()
        self._returning: deque[threading.Event] = deque()
        self._aside = 0  # who has left a turn to wait for a primary
        self._moved = self._catching_up_until = float("-inf")

    @contextmanager
    def turn(self, state: context.RequestState) -> Iterator[None]:
        """Work on the request of `state`. Raises Overloaded when the turn does not come within its `hold_until`."""
        if not self._take(self._arrived, state.hold_until):
            raise Overloaded
        outer, state.limiter = state.limiter, self
        try:
            yield
        finally:
            state.limiter = outer
            self._end()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others work while this one waits. It comes back before those who have not begun, and is never refused."""
        with self._lock:
            self._aside += 1
        try:
            with self.calling():
                yield
        finally:
            with self._lock:
                self._aside -= 1

    @contextmanager
    def calling(self) -> Iterator[None]:
        """The same while another service works: no sign that the queue stands still."""
        self._pass_on()
        try:
            yield
        finally:
            self._take(self._returning)

    def _take(self, queue: deque[threading.Event], until: float | None = None) -> bool:
        arrived, called = self._clock(), threading.Event()
        with self._lock:
            if self._taken < self._limit:
                self._taken += 1
                return True
            if until is not None and self._longest is not None and len(queue) >= self._longest:
                return False
            queue.append(called)
        with metrics.WRITES_QUEUED.track_inprogress():
            while not called.wait(LOOK_SECONDS):
                if until is not None and self._is_over(arrived, until) and self._left(queue, called):
                    return False
        return True

    def _is_over(self, arrived: float, until: float) -> bool:
        now = self._clock()
        moves = now - self._moved <= STALL_SECONDS
        return now >= until or (moves and now > self._catching_up_until and now - arrived > QUEUE_SECONDS)

    def _left(self, queue: deque[threading.Event], called: threading.Event) -> bool:
        """Whether it could leave: it may have been called a moment ago."""
        with self._lock:
            if waits := called in queue:
                queue.remove(called)
        return waits

    def _end(self) -> None:
        now = self._clock()
        if now - self._moved > STALL_SECONDS and (self._aside or self._returning or self._arrived):
            self._catching_up_until = now + CATCH_UP_SECONDS
        self._moved = now
        self._pass_on()

    def _pass_on(self) -> None:
        with self._lock:
            if queue := self._returning or self._arrived:
                queue.popleft().set()
            else:
                self._taken -= 1


@cache
def of(limit: int) -> Limiter:
    """The one limiter of this process."""
    return Limiter(limit)
