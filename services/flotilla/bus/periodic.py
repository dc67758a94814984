"""Work that comes due by the clock and not by an event: functions registered with `@every(seconds)` in `tasks` modules;
with `@every_in_each(seconds)` for work in all databases of a service.

A function is called inside a transaction that holds a lock of its own, so of several workers one is at it at a time.
Each of them asks once in the interval; so the function must find out by itself what is due. It does a bounded step of
database work, as a handler does, and says whether there is more: that is another transaction, at once.
"""

import random
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import connections

from flotilla.bus import databases, metrics

LOCK = 7_364_054  # any constant: the first half of every such lock, the name is the second
TAKE = "SELECT pg_try_advisory_xact_lock(%s, %s)"

type Work = Callable[[], bool]
type WorkIn = Callable[[str], bool]


@dataclass(frozen=True)
class Job:
    name: str
    seconds: float
    work: Work
    using: str


_jobs: dict[str, Job] = {}


def every(seconds: float, *, using: str = "default") -> Callable[[Work], Work]:
    """Call the function that often, on that database."""

    def register(work: Work) -> Work:
        _add(Job(_name(work), seconds, work, using))
        return work

    return register


def every_in_each(seconds: float) -> Callable[[WorkIn], WorkIn]:
    """Call the function that often on each database of the service, by its alias. Each is a job of its own."""

    def register(work: WorkIn) -> WorkIn:
        for alias in databases.aliases():
            _add(Job(f"{_name(work)}.{alias}", seconds, partial(work, alias), alias))
        return work

    return register


def jobs() -> list[Job]:
    """What is registered in this process."""
    return list(_jobs.values())


class Clock:
    """`turn()` over and over, in one thread. The first calls are spread, as workers are started together."""

    def __init__(self, jobs: list[Job], clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._due = {job: clock() + random.uniform(0, job.seconds) for job in jobs}

    def turn(self) -> float:
        """Do what is due; how long to rest, in seconds."""
        for job, due in self._due.items():
            if due <= self._clock():
                self._due[job] = self._clock() + job.seconds  # before the work: one that fails waits like all others
                if step(job):
                    self._due[job] = self._clock()
        return max(0.0, min(self._due.values()) - self._clock())


def step(job: Job) -> bool:
    """One transaction of it, unless another worker is at it; whether there is more. Raises DatabaseAway, or its own."""
    more = databases.run(job.using, lambda: _take(job) and job.work(), job.name)
    metrics.PERIODIC_AT.labels(job.name).set(time.time())
    return bool(more)


def _name(work: Callable[..., bool]) -> str:
    return f"{work.__module__}.{work.__name__}"


def _add(job: Job) -> None:
    if job.name in _jobs:
        raise ValueError(f"{job.name} is periodic work already: one interval is enough.")
    _jobs[job.name] = job


def _take(job: Job) -> bool:
    """The lock is the transaction's: a pooler in transaction mode may hand the session's to somebody else."""
    if connections[job.using].vendor != "postgresql":
        return True
    with connections[job.using].cursor() as cursor:
        cursor.execute(TAKE, [LOCK, zlib.crc32(job.name.encode()) - 2**31])  # two signed numbers of 32 bits
        return cursor.fetchone()[0]
