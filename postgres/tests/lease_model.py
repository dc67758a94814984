"""A model of the early release of a dead leader's lease (docs/decisions/0028): what may happen in a cluster of three.

P leads at the start, A and B are its voters. A state says what etcd holds and how each node stands. Between two steps
of one node any steps of the others may come: whatever is read may be old when it is used, except inside a transaction
of etcd. Nobody is told that a node is paused or dead. The network is no part of a state: a message that is late or lost
is a step that does not happen, or not yet; `Bounds.network` adds what nodes conclude from silence, for any cut between
any of them, one-way cuts too. `lease_search.py` walks through all states.

What Patroni 4.0.7 and Postgres are taken to do:
* A standby collects votes while the key is free. It takes the key later, if it is free then, and is promoted later
  still. A vote is used up within a lease: Patroni asks for 2 s and tries to take the key for 5 s, a lease is 20 s.
* A lease runs out only when its holder is dead. What Patroni does with a paused leader that outlives its lease is not
  judged here: the early release must add no harm to it.
* Any two of the three hold every acknowledged commit. A promoted node names itself in the sync key (Patroni: up to a
  loop later, and until then nothing is released early). Whom the key lists besides decides nothing, as both others must
  promise: so it has no revision of its own here.
* A commit counts as acknowledged as soon as its primary runs and another node has it, as confirmations may come late.
* A log that has gone another way is cut back by pg_rewind, which also copies the leader's postgresql.auto.conf. So does
  a copy of all files, which may come at any time (`Bounds.copies`).
"""

from dataclasses import dataclass
from typing import NamedTuple

NAMES = "PAB"
NODES = range(3)
OTHERS = ((1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Rules:
    """The protocol. Each rule that is off is a way to get it wrong, and what then happens instead."""

    early_release: bool = True
    strict: bool = True  # a primary without a standby acknowledges alone
    fence: bool = True  # it looks whether the voters receive, and that is all
    fence_before_promise: bool = True
    fence_in_force: bool = True  # promises before the startup process has read the setting
    fence_outlives_patroni: bool = True  # Patroni's loop on a standby writes primary_conninfo anew and drops the fence
    put_compares_own_key: bool = True  # a promise that was sent, and withdrawn before it arrived, may arrive
    every_voter: bool = True  # its own promise is enough
    release_compares_promises: bool = True  # trusts what it has read of them
    promise_names_leader: bool = True  # promises while Patroni's file still names whom it followed before
    furthest_voter: bool = True  # gives the key to any voter
    key_is_never_free: bool = True  # deletes the key, and leaves the rest to an election
    withdraw_before_lift: bool = True
    withdraw_compares_leader: bool = True  # takes back what it has promised for a leadership that is over
    lift_when_following: bool = True  # lifts as soon as there is another leadership
    lift_compares_word: bool = True  # a word that was emptied for a lift may be emptied once more, later
    found_fence_is_lifted: bool = True  # ignores a fence that it did not set
    copy_takes_back: bool = True  # a copy of the leader's files takes the fence away and leaves the promise
    copy_changes_word: bool = True  # takes back a promise that stands, and leaves one that is on its way
    copy_of_leader: bool = True  # a bound node is copied from whom it last followed


@dataclass(frozen=True)
class Bounds:
    """How far the search goes: writes by clients, losses of the key (it is taken once more), and faults of each kind.

    A and B are named together or not at all, as each is the other's mirror image.
    """

    writes: int = 1
    losses: int = 1
    pauses: int = 0
    paused: str = NAMES
    kills: int = 0
    killed: str = NAMES
    crashes: int = 0  # of the small program alone
    copies: int = 0  # of a leader's files over a standby's: `patronictl reinit`, a rewind
    # Loops of a standby's Patroni that see who leads, and write postgresql.conf later. One may outlast a leadership;
    # what harm two in a row can do after that is not searched for.
    slow: int = 0
    # An election is over: P had died and follows A, which leads now; B's Patroni has not looked yet.
    elected: bool = False
    # Of etcd: a promise that is sent may arrive later, and nobody is told whether it has; an emptied word, twice.
    lost_answers: bool = False
    network: bool = False  # without any fault, receivers end, leaders seem dead, and nodes are not heard in an election


CORRECT, SMALL = Rules(), Bounds()


class Node(NamedTuple):
    """One container. Its log is a tuple of (timeline, what), for a write or for the promotion of the named node."""

    life: str = "up"  # up, paused, dead
    role: str = "standby"  # standby, primary
    patroni: str = ""  # "voted": may take the key if it is free; "leader": believes that it holds it
    follows: int | None = 0  # whom primary_conninfo names in Patroni's postgresql.conf
    seen: int | None = None  # whom a slow loop is about to write there
    fence: str = ""  # "set": on disk; "force": Postgres has read it, too
    source: int | None = 0  # whom its receiver is attached to
    log: tuple = ()
    step: str = "calm"  # of the small program: see `program`
    stated: tuple = ()  # its position as its promise has it: (timeline, length of the log)


class Etcd(NamedTuple):
    """A leadership that is over is forgotten, not numbered: every comparison with its revision fails for ever."""

    leader: int | None = 0
    sync_leader: int = 0
    timeline: int = 1  # of Patroni's history key
    promises: frozenset = frozenset()  # the nodes whose promise stands, for this leadership
    on_the_way: frozenset = frozenset()  # those whose promise may still arrive
    bound: frozenset = frozenset()  # those whose word is still a promise for a leadership that is over
    emptying: frozenset = frozenset()  # those whose word may still be emptied, whatever it says by then
    ousted: int | None = None  # whose key was taken away early; until it leads again
    ousted_by: frozenset = frozenset()  # the promises that stood then


class State(NamedTuple):
    etcd: Etcd
    nodes: tuple
    acknowledged: frozenset = frozenset()
    writes: int = 0
    losses: int = 0
    pauses: int = 0
    kills: int = 0
    crashes: int = 0
    copies: int = 0
    slow: int = 0


START = State(Etcd(), (Node(role="primary", patroni="leader", follows=None, source=None), Node(), Node()))


def steps(state, rules=CORRECT, bounds=SMALL):
    """-> (what happens, the state after it), for everything that may happen next."""
    for i in NODES:
        if state.nodes[i].life == "up":
            yield from postgres(state, i, bounds)
            yield from patroni(state, i, rules, bounds)
            yield from program(state, i, rules, bounds)
            yield from copied(state, i, rules, bounds)
        else:
            yield repaired(state, i)
        yield from faults(state, i, bounds)
    yield from passing_time(state, bounds)


# -- Reading and changing a state


def timeline(node):
    return node.log[-1][0] if node.log else 1


def voters(etcd):
    return OTHERS[etcd.sync_leader]


def position(node):
    return timeline(node), len(node.log)


def is_prefix(log, other):
    return log == other[: len(log)]


def with_node(state, i, **changes):
    nodes = list(state.nodes)
    nodes[i] = nodes[i]._replace(**changes)
    return State(state.etcd, tuple(nodes), *state[2:])


def with_etcd(state, **changes):
    return State(state.etcd._replace(**changes), *state[1:])


def without_receivers(state, i):
    """Postgres on node i has ended: nobody is attached to it any longer."""
    nodes = tuple(node._replace(source=None) if node.source == i else node for node in state.nodes)
    return state._replace(nodes=nodes)


OVER = {"alarmed": "late", "fencing": "late", "promised": "fenced", "saw all": "fenced", "looked": "calm"}


def without_leader(state, **changes):
    """The key is gone, and its revision for ever: who acted under it learns so from its next transaction."""
    nodes = tuple(node._replace(step=OVER.get(node.step, node.step), stated=()) for node in state.nodes)
    state = state._replace(nodes=nodes, losses=state.losses + 1)
    bound = state.etcd.bound | state.etcd.promises
    return with_etcd(state, leader=None, promises=frozenset(), on_the_way=frozenset(), bound=bound, **changes)


def handed_over(state, new, ousted_by):
    """One transaction: the key is another's, and was free at no moment. Its Patroni finds it there."""
    leader = state.etcd.leader
    return with_etcd(without_leader(state, ousted=leader, ousted_by=ousted_by), leader=new)


def without_votes(state):
    """A lease's time has passed: votes of before it have led to something or to nothing."""
    nodes = tuple(node._replace(patroni="") if node.patroni == "voted" else node for node in state.nodes)
    return state._replace(nodes=nodes)


def with_acknowledgements(state, rules):
    """What can be acknowledged is, at once: waiting would only spare the protocol something."""
    if len(state.acknowledged) == state.writes:
        return state
    new = {entry for i in NODES for entry in confirmed(state, i, rules)}
    return state._replace(acknowledged=state.acknowledged | new)


def confirmed(state, i, rules):
    node = state.nodes[i]
    if node.role != "primary" or node.life != "up":
        return
    alone = not rules.strict and all(other.source != i for other in state.nodes)
    for entry in node.log:
        since_promotion = entry[0] == timeline(node) and entry[1] not in NAMES
        if since_promotion and (alone or any(entry in state.nodes[j].log for j in OTHERS[i])):
            yield entry


# -- Postgres


def postgres(state, i, bounds):
    node = state.nodes[i]
    if node.role == "primary":
        yield from write(state, i, bounds)
    if node.fence == "set":
        yield f"{NAMES[i]}'s Postgres reads the fence", with_node(state, i, fence="force", source=None)
    if node.source is None:
        yield from attach(state, i)
    else:
        yield from receive(state, i, bounds)


def write(state, i, bounds):
    if state.writes < bounds.writes:
        what = f"write {state.writes + 1}"
        log = (*state.nodes[i].log, (timeline(state.nodes[i]), what))
        yield f"a client's {what} is on {NAMES[i]}", with_node(state, i, log=log)._replace(writes=state.writes + 1)


def attach(state, i):
    """A receiver starts, where Patroni has pointed it. A log that went another way than its is cut back first."""
    node, source = state.nodes[i], state.nodes[i].follows
    if node.role == "primary" or source is None or node.fence == "force" or state.nodes[source].life != "up":
        return
    if is_prefix(node.log, state.nodes[source].log):
        yield f"{NAMES[i]} receives from {NAMES[source]}", with_node(state, i, source=source)
    elif state.nodes[source].role == "primary" and not node.patroni:
        yield f"{NAMES[i]} is rewound to {NAMES[source]}", rewound(state, i, source)


def rewound(state, i, source):
    log, its = state.nodes[i].log, state.nodes[source].log
    while not is_prefix(log, its):
        log = log[:-1]
    return with_node(state, i, log=log, fence="force" if state.nodes[source].fence else "")


def receive(state, i, bounds):
    node, source = state.nodes[i], state.nodes[state.nodes[i].source]
    if source.life == "up" and node.log != source.log and is_prefix(node.log, source.log):
        yield f"{NAMES[i]} has the log of {NAMES[node.source]}", with_node(state, i, log=source.log)
    if bounds.network or source.life != "up" or node.follows != node.source:
        yield f"{NAMES[i]} receives no longer", with_node(state, i, source=None)


# -- Patroni


def patroni(state, i, rules, bounds):
    node, leader = state.nodes[i], state.etcd.leader
    if node.seen is not None:
        after = with_node(state, i, follows=node.seen, seen=None)
        yield f"{NAMES[i]}'s Patroni writes that it follows {NAMES[node.seen]}", after
    elif node.role == "primary":
        yield from lead(state, i)
    elif node.patroni == "leader":
        yield f"{NAMES[i]} is promoted", promoted(state, i)
    elif leader == i:
        yield f"{NAMES[i]} finds that it has the key", with_node(state, i, patroni="leader")
    elif leader is not None:
        yield from follow(state, i, rules, bounds)
    elif not node.patroni and is_elected(state, i, bounds):
        yield f"{NAMES[i]} has the votes", with_node(state, i, patroni="voted")
    if node.patroni == "voted" and leader is None:
        yield f"{NAMES[i]} takes the key", taken(state, i)


def copied(state, i, rules, bounds):
    """The fence goes with the files, so the promise is taken back before; a bound node then follows who leads now."""
    node = state.nodes[i]
    source = state.etcd.leader if rules.copy_of_leader or i not in state.etcd.bound else node.follows
    busy = node.patroni or node.seen is not None
    if state.copies == bounds.copies or node.role == "primary" or busy or source in (None, i):
        return
    its = state.nodes[source]
    if its.life == "up" and its.role == "primary":
        free = without_promise(state, i, rules, rules.copy_takes_back, rules.copy_changes_word)
        files = {"log": its.log, "fence": "force" if its.fence else "", "follows": source, "source": None}
        after = with_node(free, i, step="calm", **files)._replace(copies=state.copies + 1)
        yield f"{NAMES[i]} is copied from {NAMES[source]}", after


def lead(state, i):
    """A primary whose key is gone takes the free one back, or demotes."""
    leader, node = state.etcd.leader, state.nodes[i]
    if leader == i:
        return
    if leader is None and node.patroni != "voted" and timeline(node) >= state.etcd.timeline:
        yield f"{NAMES[i]} finds its key gone and may take it back", with_node(state, i, patroni="voted")
    demoted = with_node(state, i, role="standby", patroni="", follows=None, source=None)
    yield f"{NAMES[i]} finds its key gone and demotes", without_receivers(demoted, i)


def promoted(state, i):
    new = timeline(state.nodes[i]) + 1
    after = with_node(state, i, role="primary", source=None, follows=None, log=(*state.nodes[i].log, (new, NAMES[i])))
    return with_etcd(after, timeline=new, sync_leader=i) if state.etcd.leader == i else after


def follow(state, i, rules, bounds):
    """A standby's loop: postgresql.conf names the leader, and primary_conninfo is cleared from postgresql.auto.conf."""
    node, leader = state.nodes[i], state.etcd.leader
    fence = node.fence if rules.fence_outlives_patroni else ""
    if (node.follows, node.patroni, node.fence) != (leader, "", fence):
        drops = " and drops the fence" if fence != node.fence else ""
        after = with_node(state, i, follows=leader, patroni="", fence=fence)
        yield f"{NAMES[i]}'s Patroni follows {NAMES[leader]}{drops}", after
    if node.follows != leader and state.slow < bounds.slow:
        after = with_node(state, i, seen=leader, patroni="")._replace(slow=state.slow + 1)
        yield f"{NAMES[i]}'s Patroni sees {NAMES[leader]} lead", after


def taken(state, i):
    after = with_etcd(with_node(state, i, patroni="leader"), leader=i)
    return with_etcd(after, ousted=None, ousted_by=frozenset()) if state.etcd.ousted == i else after


def is_elected(state, i, bounds):
    if timeline(state.nodes[i]) < state.etcd.timeline:
        return False
    running = tuple(j for j in OTHERS[i] if state.nodes[j].life == "up")
    heard = {running, *((j,) for j in running), ()} if bounds.network else {running}
    return any(wins(state, i, answering) for answering in heard)


def wins(state, i, answering):
    """None of them is a primary, only the former leader may be ahead; one is not, or i is that leader itself."""
    former, mine = state.etcd.sync_leader, len(state.nodes[i].log)
    ahead = [j for j in answering if len(state.nodes[j].log) > mine]
    if any(state.nodes[j].role == "primary" for j in answering) or any(j != former for j in ahead):
        return False
    return len(answering) > len(ahead) or (former == i and not ahead)


# -- etcd


def passing_time(state, bounds):
    leader, on_the_way = state.etcd.leader, state.etcd.on_the_way
    if leader is None:
        return
    if state.losses < bounds.losses and state.nodes[leader].life == "dead":
        yield f"{NAMES[leader]}'s lease runs out", without_votes(without_leader(state))
    for i in on_the_way:
        after = with_etcd(state, promises=state.etcd.promises | {i}, on_the_way=on_the_way - {i})
        yield f"{NAMES[i]}'s promise arrives late", after
    for i in state.etcd.emptying:
        yield f"{NAMES[i]}'s word is emptied late", emptied_late(state, i)


def emptied_late(state, i):
    node, etcd = state.nodes[i], state.etcd
    after = with_etcd(
        state, promises=etcd.promises - {i}, bound=etcd.bound - {i}, emptying=etcd.emptying - {i}
    )  # fmt: skip
    return with_node(after, i, step="fenced", stated=()) if node.step in ("promised", "saw all") else after


# -- The small program


def program(state, i, rules, bounds):
    """calm, alarmed, fenced, promised, saw all (the promises), lifting, calm; a withdrawal leads to lifting.

    fenced: it may promise, or give up; if a promise for a leadership that is over binds it, it first follows another.
    late: alarmed under a leadership that is over, as its next transaction will tell it. begun: started, knows nothing.
    By weaker rules: fencing, has promised but not fenced yet; looked, has seen that no voter receives.
    """
    if not rules.early_release:
        return
    step, name = state.nodes[i].step, NAMES[i]
    if step == "calm":
        yield from watch(state, i, rules, bounds)
    elif step == "alarmed":
        yield alarmed(state, i, rules)
    elif step in ("fencing", "late"):
        after = "promised" if step == "fencing" else "fenced"
        yield f"{name} sets the fence", with_node(state, i, fence="set", step=after)
    elif step == "fenced" and i in state.etcd.bound:
        yield from wait_for_leader(state, i, rules, bounds)
    elif step == "fenced":
        yield from promise(state, i, rules, bounds)
    elif step in ("promised", "saw all", "looked"):
        yield from release(state, i, rules, bounds)
    elif step == "lifting":
        yield f"{name} lifts the fence", with_node(state, i, fence="", step="calm")
    elif step == "begun":
        yield begun(state, i)
    over = i in state.etcd.bound and rules.withdraw_compares_leader
    if step in ("fenced", "promised", "saw all") and not over:
        yield withdraw(state, i, rules)


def begun(state, i):
    """It finds the fence that it left, and its word: what it has promised stands."""
    node = state.nodes[i]
    step = ("promised" if i in state.etcd.promises else "fenced") if node.fence else "calm"
    return f"{NAMES[i]}'s program begins", with_node(state, i, step=step)


def is_voter(state, i):
    """This is a standby, and the leader of leader key and sync key is another node."""
    leader = state.etcd.leader
    return leader is not None and leader == state.etcd.sync_leader and leader != i and state.nodes[i].role == "standby"


def is_suspect(state, i, bounds):
    """A bad round: the leader of this voter is silent."""
    return is_voter(state, i) and (bounds.network or state.nodes[state.etcd.leader].life != "up")


def watch(state, i, rules, bounds):
    node = state.nodes[i]
    if node.fence and rules.found_fence_is_lifted:
        yield f"{NAMES[i]} finds a fence", with_node(state, i, step="begun")
    elif i in state.etcd.promises | state.etcd.bound:
        yield f"{NAMES[i]} takes its promise back", without_promise(state, i, rules)
    elif is_suspect(state, i, bounds) and node.source is None and state.losses < bounds.losses:
        if rules.fence:
            yield f"{NAMES[i]} has seen three bad rounds", with_node(state, i, step="alarmed")
        elif all(state.nodes[j].source is None and state.nodes[j].life == "up" for j in voters(state.etcd)):
            yield f"{NAMES[i]} sees that no voter receives", with_node(state, i, step="looked")


def alarmed(state, i, rules):
    if rules.fence_before_promise:
        return f"{NAMES[i]} sets the fence", with_node(state, i, fence="set", step="fenced")
    early = with_etcd(state, promises=state.etcd.promises | {i})
    return f"{NAMES[i]} promises", with_node(early, i, step="fencing", stated=position(state.nodes[i]))


def promise(state, i, rules, bounds):
    """A transaction on the revisions of the leader key and of the promise's own, once nothing is received any more."""
    node, etcd = state.nodes[i], state.etcd
    if not is_voter(state, i) or node.source is not None or (node.fence != "force" and rules.fence_in_force):
        return
    if rules.promise_names_leader and node.follows != etcd.leader:
        return
    stated = with_node(state, i, stated=position(node))
    promised = with_etcd(stated, promises=etcd.promises | {i}, on_the_way=etcd.on_the_way - {i})
    yield f"{NAMES[i]} promises", with_node(promised, i, step="promised")
    if bounds.lost_answers and i not in etcd.on_the_way:
        yield f"{NAMES[i]} sends a promise, without an answer", with_etcd(stated, on_the_way=etcd.on_the_way | {i})


def release(state, i, rules, bounds):
    """Reads the promises; then a transaction on the leader's revision and theirs."""
    step, promises = state.nodes[i].step, state.etcd.promises
    complete = ({*voters(state.etcd)} if rules.every_voter else {i}) <= promises
    if step == "promised":
        if complete and is_suspect(state, i, bounds):
            yield f"{NAMES[i]} sees the promises", with_node(state, i, step="saw all")
    elif state.losses < bounds.losses and (complete or step == "looked" or not rules.release_compares_promises):
        yield from taken_away(state, i, rules)


def taken_away(state, i, rules):
    leader, promises = state.etcd.leader, state.etcd.promises
    if not rules.key_is_never_free:
        yield f"{NAMES[i]} deletes {NAMES[leader]}'s key", without_leader(state, ousted=leader, ousted_by=promises)
        return
    for j in heirs(state, i, rules):
        yield f"{NAMES[i]} gives {NAMES[leader]}'s key to {NAMES[j]}", handed_over(state, j, promises)


def heirs(state, i, rules):
    """The voters whose promises state the furthest position: one, or both when they are equally far."""
    stated = {j: state.nodes[j].stated for j in voters(state.etcd) if state.nodes[j].stated}
    if not rules.furthest_voter or not stated:  # without promises: by those that have seen that nobody receives
        return voters(state.etcd) if not rules.furthest_voter else [i]
    return [j for j in stated if stated[j] == max(stated.values())]


def withdraw(state, i, rules):
    """The leader answers, or another voter does not promise: a transaction on the leader's revision, then the fence."""
    if not rules.withdraw_before_lift:
        return f"{NAMES[i]} gives up and lifts the fence", with_node(state, i, fence="", step="calm")
    return f"{NAMES[i]} withdraws its promise", with_node(without_promise(state, i, rules), i, step="lifting")


def without_promise(state, i, rules, takes_back=True, changes_word=True):
    """The promise's key gets a new revision rather than none: a promise on the way, which compares it, then fails."""
    etcd, i = state.etcd, {i}
    fails = takes_back and changes_word and rules.put_compares_own_key
    after = with_etcd(
        state,
        promises=etcd.promises - i if takes_back else etcd.promises,
        bound=etcd.bound - i if takes_back else etcd.bound,
        on_the_way=etcd.on_the_way - i if fails else etcd.on_the_way,
    )
    return with_node(after, *i, stated=()) if takes_back else after


def wait_for_leader(state, i, rules, bounds):
    """A transaction on the leader's revision and the word's own. Whoever sends it twice may have it done twice."""
    node, leader, etcd = state.nodes[i], state.etcd.leader, state.etcd
    follows = leader not in (None, i) and (node.follows == leader or not rules.lift_when_following)
    if follows or node.role == "primary":
        twice = bounds.lost_answers and not rules.lift_compares_word
        free = with_etcd(state, bound=etcd.bound - {i}, emptying=etcd.emptying | ({i} if twice else set()))
        yield f"{NAMES[i]} is free of its promise", with_node(free, i, step="lifting")


# -- Faults, and their end


def faults(state, i, bounds):
    name, node = NAMES[i], state.nodes[i]
    if node.life == "up" and state.pauses < bounds.pauses and name in bounds.paused:
        yield f"{name} is paused", with_node(state, i, life="paused")._replace(pauses=state.pauses + 1)
    if node.life != "dead" and state.kills < bounds.kills and name in bounds.killed:
        dead = with_node(state, i, life="dead", source=None, seen=None, patroni="", step=first_step(state, i))
        yield f"{name} is killed", without_receivers(dead, i)._replace(kills=state.kills + 1)
    if node.life == "up" and node.step not in ("calm", "begun") and state.crashes < bounds.crashes:
        crashed = with_node(state, i, step=first_step(state, i))
        yield f"{name}'s program crashes", crashed._replace(crashes=state.crashes + 1)


def first_step(state, i):
    """Of a program that starts again: with neither a fence nor a promise it has nothing to find out."""
    return "begun" if state.nodes[i].fence or i in state.etcd.promises else "calm"


def repaired(state, i):
    """A paused node goes on. A dead one starts as a standby, with its log and its fence."""
    name, node = NAMES[i], state.nodes[i]
    if node.life == "paused":
        return f"{name} goes on", with_node(state, i, life="up")
    follows = None if node.role == "primary" else node.follows
    fence = "force" if node.fence else ""
    return f"{name} is started again", with_node(state, i, life="up", role="standby", fence=fence, follows=follows)
