"""What the stack did meanwhile: who became primary, which container went and came, with times of the load's clock.

Each question has a thread of its own, twice a second, so that one who does not answer delays nobody else's news.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from stack import direct
from stack.engine import containers
from stack.servers import HAPROXIES, haproxy_stats, primaries_up, replicas_up

EVERY = 0.5
SILENCE = (OSError, ValueError, KeyError, AssertionError, http.client.HTTPException)


@dataclass
class Log:
    """Events in seconds since `zero`; `tell` is called with each, from whichever thread it happened in."""

    tell: Callable[[float, str, str], None]
    zero: float = field(default_factory=time.monotonic)
    events: list[dict] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, text: str, at: float | None = None, **facts) -> float:
        """`at`: monotonic, now when left out; `facts` are kept beside the words -> seconds since zero."""
        t = round((time.monotonic() if at is None else at) - self.zero, 3)
        with self._lock:
            self.events.append({"t": t, "kind": kind, "text": text, **facts})
            self.tell(t, kind, text)
        return t


# -- Questions: each gives a dict of name -> state ---------------------------------------------------------------------


def states() -> dict[str, str]:
    return {one.name: one.state for one in containers(stopped=True)}


def patroni() -> dict[str, str]:
    return {"Patroni": direct.postgres_primary()}


def leader() -> str:
    """Who leads Postgres now; nobody when nobody says."""
    try:
        return direct.postgres_primary()
    except SILENCE:
        return ""


def sentinel() -> dict[str, str]:
    return {"Sentinel": direct.redis_master()}


def balancer(name: str) -> dict[str, str]:
    rows = haproxy_stats(name)
    return {f"{name} primary": " ".join(primaries_up(rows)), f"{name} web": str(len(replicas_up(rows)))}


# -- News: a change in words -------------------------------------------------------------------------------------------


def words(name: str, new: str) -> tuple[str, str]:
    """-> kind of event and its text."""
    if name == "Patroni":
        return "role", f"Patroni: {new or 'nobody'} is primary"
    if name == "Sentinel":
        return "role", f"Sentinel: {new or 'nobody'} is master"
    if name.endswith(" primary"):
        return "role", f"{name.split()[0]} sends writes to {new or 'nobody'}"
    if name.endswith(" web"):
        return "state", f"{name.split()[0]} has {new} web replicas"
    return "state", f"{name} is {new or 'gone'}"


class Watch(threading.Thread):
    """Asks one question again and again, and notes what has changed. Silence is no news: containers tell who died."""

    def __init__(self, question: Callable[[], dict[str, str]], log: Log, over: threading.Event):
        super().__init__(daemon=True)
        self.question, self.log, self.over = question, log, over
        self.known: dict[str, str] | None = None

    def run(self) -> None:
        while not self.over.wait(EVERY):
            self.look()

    def look(self) -> None:
        try:
            found = self.question()
        except SILENCE:
            return
        before, self.known = self.known, found
        for name, new in found.items():
            if before is not None and before.get(name) != new and not self.over.is_set():
                self.log.add(*words(name, new), **{"of": name, "from": before.get(name, ""), "to": new})


class Watcher:
    """All questions at once, while the block runs."""

    def __init__(self, log: Log):
        self.log, self.over = log, threading.Event()

    def __enter__(self) -> "Watcher":
        for question in self.questions():
            Watch(question, self.log, self.over).start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()

    @staticmethod
    def questions() -> Iterable[Callable[[], dict[str, str]]]:
        yield from (states, patroni, sentinel)
        yield from (lambda name=name: balancer(name) for name in HAPROXIES)
