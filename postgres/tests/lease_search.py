"""The search through every state of `lease_model.py`: what must hold in each, and that nothing stays fenced.

python3 postgres/tests/lease_search.py        # every search, with the number of states and the seconds it took
"""

import time
from collections import deque
from dataclasses import dataclass

from lease_model import CORRECT, NODES, OTHERS, SMALL, START, Bounds, Etcd, Node, State, steps, with_acknowledgements

# Together: the leader alive, paused, dead, cut off from anybody; crashes between any two steps; answers that come late.
SEARCHES = {
    "pauses": Bounds(pauses=2),
    "deaths": Bounds(kills=1),
    "a voter dies before a paused leader": Bounds(pauses=1, paused="P", kills=1, killed="AB"),
    "answers of etcd are lost, the program crashes": Bounds(pauses=1, crashes=1, lost_answers=True),
    "a standby is copied anew": Bounds(network=True, pauses=1, paused="P", copies=1, lost_answers=True),
    "network, two writes": Bounds(network=True, writes=2, lost_answers=True),
    "network, two releases": Bounds(network=True, losses=2, lost_answers=True),
    "an election, then a loop of Patroni that is slow": Bounds(network=True, elected=True, pauses=1, slow=1),
}
ELECTION = (
    "P is killed",
    "P's lease runs out",
    "A has the votes",
    "A takes the key",
    "A is promoted",
    "P is started again",
    "P's Patroni follows A",
    "P receives from A",
    "P has the log of A",
)


# -- What must hold in every state: named by what it means when it does not


def is_able(state, i):
    """Whether a commit on node i can get a confirmation: it is a running primary, and a voter receives from it."""
    node = state.nodes[i]
    if node.role != "primary" or node.life != "up":
        return False
    return any(n.source == i and n.life == "up" and n.fence != "force" for n in state.nodes)


def leading(state):
    """The node that holds the key and is a primary, or None."""
    leader = state.etcd.leader
    return leader if leader is not None and state.nodes[leader].role == "primary" else None


def second_primary(state):
    able = [i for i in NODES if is_able(state, i)]
    return len(able) > 1 or (leading(state) is not None and any(i != leading(state) for i in able))


def lost_write(state):
    return leading(state) is not None and not state.acknowledged <= {*state.nodes[leading(state)].log}


def unfenced_promise(state):
    return any(state.nodes[i].fence != "force" for i in state.etcd.promises)


def hasty_release(state):
    ousted = state.etcd.ousted
    return ousted is not None and not {*OTHERS[ousted]} <= state.etcd.ousted_by


def served_after_release(state):
    return state.etcd.ousted is not None and is_able(state, state.etcd.ousted)


HARM = {"a replaced primary can still acknowledge": second_primary, "an acknowledged write is lost": lost_write}
LEMMAS = {
    "I1: a promise without a fence": unfenced_promise,
    "I2: a release without every promise": hasty_release,
    "I3: a leader is served after its release": served_after_release,
}


# -- The search


@dataclass
class Found:
    """What a search has come to. `parents`: each state -> (a state before it, what happened), the first -> None."""

    parents: dict
    seconds: float
    violation: str | None = None
    trace: tuple = ()

    def __str__(self):
        if not self.violation:
            return f"{len(self.parents)} states, {self.seconds:.1f} s: nothing is violated"
        lines = (f"{number:4} {what}" for number, what in enumerate(self.trace, 1))
        return "\n".join([f"{self.violation}, after {len(self.trace)} steps:", *lines])


def search(rules=CORRECT, bounds=SMALL, invariants=HARM | LEMMAS):
    """Breadth first, so that no trace to a violation is shorter than the one that is found. -> Found"""
    start = elected() if bounds.elected else START
    began, parents, queue = time.monotonic(), {start: None}, deque([start])
    while queue:
        state = queue.popleft()
        for what, after in steps(state, rules, bounds):
            after = with_acknowledgements(after, rules)
            if after in parents or mirrored(after) in parents:
                continue
            parents[after] = (state, what)
            for name, is_violated in invariants.items():
                if is_violated(after):
                    return Found(parents, time.monotonic() - began, name, trace(parents, after))
            queue.append(after)
    return Found(parents, time.monotonic() - began)


def elected():
    """-> the state after ELECTION, in which nothing has been used up of what `Bounds` allows"""
    state = START
    for what in ELECTION:
        state = dict(steps(state, bounds=Bounds(kills=1)))[what]
    return State(state.etcd, state.nodes)


def trace(parents, state):
    """-> what happened, from the first state to `state`"""
    happened = []
    while parents[state]:
        state, what = parents[state]
        happened.append(what)
    return tuple(reversed(happened))


MIRROR = {0: 0, 1: 2, 2: 1, None: None, "A": "B", "B": "A"}


def mirrored(state):
    """The state with A and B exchanged. They differ in nothing but their names, so one of the two states is enough."""
    p, a, b = map(mirrored_node, state.nodes)
    leader, sync_leader, timeline, *sets, ousted, ousted_by = state.etcd
    sets = map(mirrored_set, sets)
    etcd = Etcd(MIRROR[leader], MIRROR[sync_leader], timeline, *sets, MIRROR[ousted], mirrored_set(ousted_by))
    return State(etcd, (p, b, a), *state[2:])


def mirrored_node(node):
    life, role, patroni, follows, seen, fence, source, log, *program = node
    if log:
        log = tuple([(timeline, MIRROR.get(what, what)) for timeline, what in log])
    return Node(life, role, patroni, MIRROR[follows], MIRROR[seen], fence, MIRROR[source], log, *program)


def mirrored_set(nodes):
    return frozenset([MIRROR[i] for i in nodes]) if nodes else nodes


# -- Nothing stays fenced

NO_MORE_FAULTS = Bounds(writes=0, losses=0)


def is_whole(state):
    """Full redundancy: a primary leads, both others receive from it, and there is no fence."""
    leader = leading(state)
    return leader is not None and all(
        not node.fence and (i == leader or (node.source == leader and node.life == "up"))
        for i, node in enumerate(state.nodes)
    )


def trap(found, rules=CORRECT):
    """-> a reached state in which all nodes run and from which the cluster cannot become whole; None: there is none."""
    whole = set()
    for state in reversed(found.parents):  # late ones first: earlier ones then lead to what is known
        if state not in whole and all(node.life == "up" for node in state.nodes):
            way = way_to_whole(state, rules, whole)
            if not way:
                return state
            whole.update(way)
    return None


def way_to_whole(state, rules, whole):
    """-> the states on a shortest way, without further faults, to one that is whole or known to lead there; or []"""
    parents, queue = {state: None}, deque([state])
    while queue:
        state = queue.popleft()
        if state in whole or is_whole(state):
            break
        for what, after in steps(state, rules, NO_MORE_FAULTS):
            if after not in parents:
                parents[after] = (state, what)
                queue.append(after)
    else:
        return []
    way = [state]
    while parents[way[-1]]:
        way.append(parents[way[-1]][0])
    return way


if __name__ == "__main__":
    for name, bounds in SEARCHES.items():
        print(f"{name}: {search(bounds=bounds)}", flush=True)
