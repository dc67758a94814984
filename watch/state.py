"""What the view knows. Facts come in with their time, events come out of what they change; no input, no output here.

Times are seconds since the epoch.
"""

from collections import deque
from dataclasses import dataclass
from functools import singledispatchmethod

from .facts import CUT, DOWN, PAUSED, UP, Balanced, Changed, Database, Fact, Listed, Probed, Request, Sessions
from .nodes import tier_of
from .roles import Primary, quorum_event
from .traffic import Traffic, is_error

STARTING, SILENT = "starting", "silent"
STARTS_WITHIN = 60.0  # seconds in which a container that runs and does not answer is starting, and not silent
QUIET = 10.0  # seconds without an error, after which the next one is news
LISTS_LAG = 15.0  # seconds in which an event is believed, and not a list
SETTLES = 3.0  # seconds: a container that ends leaves its networks first; a cut is news when it still runs then
RUNS = ("running", "streaming", "in archive recovery")
WORDS = {UP: "up", DOWN: "down", PAUSED: "paused", CUT: "cut off its network"}


@dataclass(frozen=True)
class Event:
    at: float
    text: str
    good: bool = False


@dataclass
class Node:
    state: str
    since: float


class State:
    def __init__(self, began: float):
        self.began = began
        self.nodes: dict[str, Node] = {}
        self.engine_answers = True
        self.balancers: dict[str, Balanced] = {}
        self.database: Database | None = None
        self.sessions: Sessions | None = None
        self.primary = Primary()
        self.traffic = Traffic()
        self.events: deque[Event] = deque(maxlen=200)
        self.said = 0  # events so far, those forgotten included
        self.cuts: dict[str, float] = {}
        self.no_answer_since: float | None = None
        self.last_error = 0.0

    def say(self, at: float, text: str, *, good=False) -> None:
        self.events.append(Event(at, text, good))
        self.said += 1

    def new_events(self, known: int) -> list[Event]:
        """Those after the first `known`."""
        new = self.said - known
        return list(self.events)[-new:] if new else []

    # -- Facts ----------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def take(self, fact: Fact, at: float) -> None:
        raise TypeError(f"no fact: {fact!r}")

    @take.register
    def _(self, fact: Listed, at: float) -> None:
        self.engine_answers = fact.nodes is not None
        if fact.nodes is None:
            return
        if not self.nodes:
            self.nodes = {name: Node(state, self.began) for name, state in fact.nodes.items()}
        for name in self.nodes.keys() | fact.nodes.keys():
            self.correct(name, fact.nodes.get(name, DOWN), at)

    def correct(self, name: str, state: str, at: float) -> None:
        """What the events have missed. A busy engine lists an end seconds after its event.

        A list shows no cut from one network of several.
        """
        known = self.nodes.get(name)
        if known and (known.since > at - LISTS_LAG or (known.state == CUT and state == UP)):
            return
        self.change(name, state, at)

    @take.register
    def _(self, fact: Changed, at: float) -> None:
        if fact.state == CUT:
            self.cuts[fact.node] = at
            return
        self.cuts.pop(fact.node, None)
        self.change(fact.node, fact.state, at)

    @take.register
    def _(self, fact: Balanced, at: float) -> None:
        self.balancers[fact.name] = fact
        views = [view for view in self.balancers.values() if view.answered]
        died = self.down_since(self.primary.name)
        for text, good in self.primary.seen([view.primaries for view in views], died, at):
            self.say(at, text, good=good)

    @take.register
    def _(self, fact: Database, at: float) -> None:
        before, self.database = self.database, fact
        if before and (text := quorum_event(before.etcd, fact.etcd)):
            self.say(at, text, good="leads" in text)

    @take.register
    def _(self, fact: Sessions, at: float) -> None:
        before, self.sessions = self.sessions, fact
        if before and fact.master != before.master:
            self.say(at, f"{fact.master} is the Redis master", good=True)

    @take.register
    def _(self, fact: Request, at: float) -> None:
        self.traffic.add(fact, at)
        if is_error(fact.status):
            if at - self.last_error > QUIET:
                self.say(at, f"errors begin: {fact.status} from {fact.by}")
            self.last_error = at

    @take.register
    def _(self, fact: Probed, at: float) -> None:
        if fact.status and self.no_answer_since is not None:
            self.say(at, f"the edge answers again, after {at - self.no_answer_since:.1f} s", good=True)
            self.no_answer_since = None
        if not fact.status and self.no_answer_since is None:
            self.no_answer_since = at
            self.say(at, "the edge does not answer")

    # -- Nodes ----------------------------------------------------------------------------------------------------

    def state_of(self, name: str) -> str | None:
        return self.nodes[name].state if name in self.nodes else None

    def down_since(self, name: str | None) -> float | None:
        node = self.nodes.get(name or "")
        return node.since if node and node.state in (DOWN, PAUSED, CUT) else None

    def change(self, name: str, state: str, at: float) -> None:
        before = self.nodes.get(name)
        if before and before.state == state:
            return
        self.nodes[name] = Node(state, at)
        if state not in WORDS or (before and before.state not in WORDS):
            return  # what health checks say comes half a minute late: shown, and no news
        was = f", was {WORDS[before.state]} for {at - before.since:.0f} s" if before and state == UP else ""
        self.say(at, f"{name} {WORDS[state]}{was}", good=state == UP)

    def settle(self, now: float) -> None:
        """Once a second: a network that a running container has lost is a cut, and not its end."""
        for name, at in list(self.cuts.items()):
            if now - at >= SETTLES:
                del self.cuts[name]
                if self.state_of(name) not in (None, DOWN):
                    self.change(name, CUT, at)

    def condition(self, name: str, now: float) -> str:
        """The engine's word, and for a running container that its server can be asked: whether that answers."""
        node = self.nodes[name]
        if node.state in (DOWN, PAUSED, CUT) or self.answers(name):
            return node.state
        return STARTING if now - node.since < STARTS_WITHIN else SILENT

    def answers(self, name: str) -> bool:
        """True as well where nobody can say."""
        tier = tier_of(name)
        if tier == "haproxy":
            return name not in self.balancers or self.balancers[name].answered
        if tier == "postgres" and self.database and self.database.postgres:
            return self.database.postgres.get(name, ("", None))[0] in RUNS
        if tier == "etcd" and self.database:
            return name in self.database.etcd
        if tier == "redis" and self.sessions:
            return name not in self.sessions.lost
        return True
