"""One drill: steady load, a fault, its undoing, full redundancy; judged elsewhere (drills/judge.py).

Invariant: whatever happens, what was broken is put back and the load is ended before this returns or raises.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench.results import machine
from loadtest.orders import SHARE
from loadtest.sampler import host_times
from stack.engine import Container
from stack.host import stolen_since
from stack.whole import containers_missing, missing

from drills import store, tables
from drills.disk import are_small
from drills.load import Load
from drills.lock import Refused
from drills.matrix import Drill
from drills.set_up import early_release
from drills.signals import held
from drills.undo import Journal
from drills.victims import find, require_possible
from drills.watcher import Log, Watcher, leader

QUIET = 4  # seconds of load before the fault, so that there is something to compare with
TAIL = 4  # and after full redundancy is back
WHOLE = 180  # seconds after the undoing; later it is a person's work
EVERY = 0.5
FEW = 3  # that are told by name
SETTLE = 60  # seconds for what mends itself: a standby that catches up after the last drill

Tell = Callable[[float, str, str], None]


def run(one: Drill, rate: float, write_share: float, tell: Tell, orders: float = SHARE) -> dict:
    """-> the drill's record. Refused: it could not begin, and nothing was broken."""
    find(one)
    require_possible(one)
    require_whole()
    before = tables.quiet()
    at = datetime.now(UTC)
    out = store.FOLDER / "runs" / f"{at:%Y%m%d-%H%M%S}-{one.victim.name}-{one.fault.name}"
    rate *= one.fault.load
    asked = {"rate": rate, "write_share": write_share, "orders": orders, "away": one.seconds, "late": one.late}
    asked |= {"early_release": early_release(), "small_disks": are_small(), "load_ends": one.fault.load != 1}
    ticks = host_times()
    clients, log, journal = Load(out, rate, write_share, orders), Log(tell), Journal(store.FOLDER)
    try:
        log.zero = clients.start()
        log.add("note", f"load: {rate:g} requests/s, {write_share:.0%} writes, {orders:.0%} of these orders")
        leaders = [leader()]
        with Watcher(log):
            time.sleep(QUIET)
            victims = find(one)  # again: roles move
            whole_after, operator = play(one, victims, log, journal, clients)
            time.sleep(TAIL)
        clients.end()
        leaders.append(leader())
        stolen = stolen_since(ticks)
        log.add("note", f"the host kept {stolen:.0%} of this machine's cores to itself")
    finally:
        with held():
            journal.undo()
            clients.close()
    return {
        "victim": one.victim.name, "fault": one.fault.name, "container": names(victims),
        **provenance(at), "client": clients.client, "zero": log.zero,
        "set_up": asked,
        "events": sorted(log.events, key=lambda event: event["t"]),
        "stored": tables.stored(out, clients.client["name"]),
        "orders": tables.settled(before, out, clients.client["buyers"], undone_at(log)),
        "stolen": stolen, "leaders": leaders,
        "whole_after": whole_after, "operator": operator, "outcomes": str(out / "outcomes.jsonl"),
    }  # fmt: skip


def play(
    one: Drill, victims: list[Container], log: Log, journal: Journal, clients: Load
) -> tuple[float | None, list[str]]:
    """-> seconds from the undoing to full redundancy (None: never), and what a person would have had to do."""
    journal.write(victims, one.fault.mend)
    if one.fault.prepare:
        log.add("note", one.fault.prepare(victims, clients.out))
    log.add("fault", f"{one}: {names(victims)}")
    one.fault.act(victims)
    log.add("note", f"{names(victims)} {one.fault.done}")
    time.sleep(one.seconds)
    undone = log.add("undo", "putting it back" if one.fault.lasts else "over")
    for word in journal.undo():
        log.add("note", word)
    if one.fault.load != 1:
        log.add("note", "the load ends with the fault, and what is under way may end")
        clients.end()
    return wait_until_whole(victims, log, undone)


def wait_until_whole(victims: list[Container], log: Log, undone: float) -> tuple[float | None, list[str]]:
    """Says what it waits for, each thing once: that is what a person would want to know."""
    said: list[str] = []
    while (asked := time.monotonic() - log.zero - undone) < WHOLE:
        lacks = next(missing(victims), None)
        if lacks is None:
            log.add("whole", f"full redundancy {asked:.1f} s after the undoing")
            return round(asked, 3), []
        if lacks not in said:
            log.add("note", f"not yet whole: {lacks}")
            said.append(lacks)
        time.sleep(EVERY)
    return None, [f"not whole within {WHOLE} s: {said[-1]}"]


def require_whole() -> None:
    """A drill judges one fault; a stack that lacks something already would be judged for two."""
    end = time.monotonic() + SETTLE
    while next(missing(), None):
        if time.monotonic() > end or next(containers_missing(), None):
            raise Refused(f"the stack is not whole: {'; '.join(missing())}. `make up`, then again.")
        time.sleep(1)


def names(victims: list[Container]) -> str:
    return " ".join(victim.name for victim in victims) if len(victims) <= FEW else f"all {len(victims)} containers"


def provenance(at: datetime) -> dict:
    return {
        "commit": store.head(), "dirty": bool(store.git("status", "--porcelain").stdout.strip()),
        "at": at.isoformat(timespec="seconds"), "machine": machine(),
    }  # fmt: skip


def undone_at(log: Log) -> float:
    """When the undoing began, in seconds since 1970, as the databases count."""
    since = time.monotonic() - log.zero - max(event["t"] for event in log.events if event["kind"] == "undo")
    return time.time() - since
