"""What is known of the request being served: identity, deadline, policy, position, notes. Django-free.

One RequestState per request in a context variable; `use()` restores the previous one, so nesting is safe.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from flotilla.db.wal import Position


class Policy(Enum):
    """What a statement does when the primary cannot be reached."""

    FAIL_FAST = "fail fast"  # safe requests: they read elsewhere, or are run again
    HOLD = "hold"  # unsafe requests: wait for a primary while nothing has been executed


class Limiter(Protocol):
    """Where a request has its turn to work."""

    def aside(self) -> AbstractContextManager[None]: ...

    def calling(self) -> AbstractContextManager[None]: ...


@dataclass
class RequestState:
    """State of one request. Times are `time.monotonic()` seconds; `position` is a write-ahead log position."""

    request_id: str = "-"
    client_request_id: str = ""
    address: str = ""  # the client's, as the edge wrote it
    request_key: str = ""  # of an unsafe request: the same when it is sent again, and nobody else's
    policy: Policy = Policy.FAIL_FAST
    started: float = field(default_factory=time.monotonic)
    deadline: float = float("inf")
    hold_until: float = float("inf")
    position: Position | None = None
    told: Position | None = None  # the part of it that other services' answers brought
    replica: str | None = None
    wrote: bool = False
    prefer_primary: bool = False
    commit_sent: bool = False
    home: str = "default"  # the database that an unsafe request has its effect in
    idempotent: bool = False  # its view has the mark of keys.marks: no transaction is open around it
    limiter: Limiter | None = None
    aliases: set[str] = field(default_factory=set)
    avoid: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)  # events handled together: subject -> id of its request

    def cause(self, subject: str) -> str:
        """The id of the request that something is said for."""
        return self.causes.get(subject, self.request_id)

    def remaining(self) -> float:
        """Seconds until the deadline; 0 when it is over."""
        return max(0.0, self.deadline - time.monotonic())

    def aside(self) -> AbstractContextManager[None]:
        """While this request only waits, another one may work."""
        return self.limiter.aside() if self.limiter else nullcontext()

    def calling(self) -> AbstractContextManager[None]:
        """While another service works for this request, another one may work here, unless this one holds locks."""
        return self.limiter.calling() if self.limiter and self.idempotent else nullcontext()


_current: ContextVar[RequestState | None] = ContextVar("flotilla_request", default=None)


def current() -> RequestState | None:
    """The state of the request being served, or None outside of requests."""
    return _current.get()


def current_policy() -> Policy:
    """The policy in force; outside of requests errors show at once."""
    state = _current.get()
    return state.policy if state else Policy.FAIL_FAST


@contextmanager
def use(state: RequestState | None) -> Iterator[RequestState | None]:
    """Serve with `state`; the previous one comes back afterwards."""
    token = _current.set(state)
    try:
        yield state
    finally:
        _current.reset(token)


@contextmanager
def holding(seconds: float) -> Iterator[RequestState]:
    """For jobs: database work inside waits up to `seconds` for a primary. Reads are not bounded."""
    until = time.monotonic() + seconds
    state = RequestState(request_id="job", policy=Policy.HOLD, hold_until=until)
    with use(state):
        yield state
