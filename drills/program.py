"""Drills one after the other: what is still to be run, what is said meanwhile, and the status it ends with."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from loadtest.orders import SHARE

from drills import card, document, judge, page, set_up, store
from drills.disk import are_small
from drills.drill import run
from drills.lock import Refused
from drills.matrix import CI_LATE, CI_SLACK, Drill
from drills.standing import standings
from drills.victims import is_there, lacks

REPEATS = 2  # of a run that cannot tell, because the load came late


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests a second, the share of writes among them, whether the stack releases a dead leader's lease early, and
    the share of orders among the writes."""

    rate: float
    write_share: float
    early_release: bool = False
    orders: float = SHARE


def one(drill: Drill, load: Asked) -> int:
    """As many runs as are asked for -> exit status, by these runs alone."""
    results = []
    for _ in range(drill.runs):
        results += runs(drill, load)
    return end(results)


def several(drills: list[Drill], load: Asked, *, since: str, is_all: bool) -> int:
    """What the set still lacks -> exit status, by all results of the set. Each is kept as soon as there is one."""
    begin, todo = time.monotonic(), lacking(present(drills), load, since)
    print(f"{len(drills)} drills, {sum(drill.runs for drill in todo)} runs to do", flush=True)
    try:
        for drill in todo:
            for _ in range(drill.runs):
                runs(drill, load)
        print(f"\n{len(todo)} of {len(drills)} drills run in {time.monotonic() - begin:.0f} s", flush=True)
    finally:  # interrupted, it says what is measured so far
        if is_all:
            print(f"written: {document.write(store.standing(since or None, counts=of_set(drills, load)))}", flush=True)
    return end(list(filter(of_set(drills, load), store.results(since or store.head() or None))))


def present(drills: list[Drill]) -> list[Drill]:
    """Those that this stack can have; the others are named, so that none is missed unseen."""
    there = [drill for drill in drills if is_there(drill)]
    absent = sorted({drill.victim.name for drill in drills if drill not in there})
    if absent:
        print(f"left out, for this stack has none: {', '.join(absent)}", flush=True)
    possible = [drill for drill in there if is_possible(drill)]
    if not are_small():
        return possible
    print("left out, for their figures are not those of small disks: all drills but of a full one", flush=True)
    return [drill for drill in possible if drill.fault.small]


def is_possible(drill: Drill) -> bool:
    why = lacks(drill)
    if why:
        print(f"left out: {drill}: {why}", flush=True)
    return not why


def known(since: str) -> str:
    """A commit to count from; Refused when there is none of that name."""
    if since and store.git("rev-parse", "--verify", "--quiet", f"{since}^{{commit}}").returncode:
        raise Refused(f"there is no commit '{since}' here; SINCE= names one of `git log`.")
    return since


def lacking(drills: list[Drill], load: Asked, since: str) -> list[Drill]:
    """Those that do not have their valid runs yet, of this commit or since one, with the runs they lack."""
    wanted = [replace(drill, runs=drill.runs - store.have(of_set([drill], load), since or None)) for drill in drills]
    return [drill for drill in wanted if drill.runs > 0]


def of_set(drills: list[Drill], load: Asked) -> Callable[[dict], bool]:
    """Whether a result is of one of these drills under this load: another load or time away asks another question."""

    def question(drill: Drill) -> tuple:
        early = load.early_release if set_up.is_decided_early(drill.victim.name) else None
        asked = drill.seconds, load.rate * drill.fault.load, load.write_share, load.orders, early, drill.fault.small
        return drill.victim.name, drill.fault.name, *asked

    wanted = set(map(question, drills))

    def is_of(result: dict) -> bool:
        # Those of before there were orders stand until there are others: their figures say nothing of orders.
        found = {"orders": load.orders} | set_up.of(result["record"])
        return (*key(result), *(found.get(name) for name in set_up.QUESTION)) in wanted

    return is_of


def key(result: dict) -> tuple[str, str]:
    return result["record"]["victim"], result["record"]["fault"]


# -- One run -----------------------------------------------------------------------------------------------------------


def runs(drill: Drill, load: Asked) -> list[dict]:
    """One valid run, after those that could not tell."""
    print(f"\n{drill}", flush=True)
    results = []
    for turn in range(1 + REPEATS):
        results.append(judged(run(drill, load.rate, load.write_share, tell, load.orders)))
        if results[-1]["state"] != judge.INVALID:
            break
        print(f"  {'once more' if turn < REPEATS else 'given up'}: {results[-1]['figures']['invalid']}", flush=True)
    return results


def judged(record: dict) -> dict:
    """Kept, and given back as the store has it."""
    figures = judge.figures(record, judge.load(Path(record["outcomes"])))
    asked = {"early": set_up.is_early(record), "slack": slack(record)}
    checks = judge.verdict(figures, record["victim"], record["fault"], **asked)
    store.add(record, figures, checks)
    return {"record": record, "figures": figures, "checks": [c._asdict() for c in checks], "state": judge.state(checks)}


def slack(record: dict) -> float:
    """The short set runs on machines that do other things too: it tells what is broken, and no figure comes of it."""
    return CI_SLACK if record["set_up"].get("late") == CI_LATE else 1


def tell(t: float, kind: str, text: str) -> None:
    print(f"  {t:6.1f} s  {text}", flush=True)


# -- The end -----------------------------------------------------------------------------------------------------------


def end(results: list[dict]) -> int:
    """The card and the page -> 0 when every target is met, else 1."""
    print(f"\n{card.text(results, colour=card.wants_colour(sys.stdout))}")
    print(f"Timelines of these runs, and how all drills stand: {page.write(shown(results))}", flush=True)
    found = standings(results)
    return int(not found or any(one.state != judge.PASS for one in found))


def shown(results: list[dict]) -> list[dict]:
    """These runs, as the card has them; of every other drill, how it stands."""
    mine = {key(result) for result in results}
    return [*results, *(result for result in store.standing() if key(result) not in mine)]
