"""`make drill` and `make drills`: breaks something under load, puts it back, and says what a client saw.

    tools/run python -m drills one --victim web --fault kill [--runs 1] [--rate 20] [--write-share 0.3] [--orders 0.1]
                                [--seconds N]
    tools/run python -m drills set --name all [--since COMMIT]
    tools/run python -m drills undo         puts back what a killed drill left broken

Ends with 0 when every target is met, 1 when one is missed or a run cannot tell, 2 for a call that cannot be served
(nothing was broken), 130 when interrupted (what was broken is put back).
"""

import argparse
import http.client
import subprocess
import sys
from collections.abc import Callable

from loadtest.orders import SHARE
from stack.arguments import Parser, number
from stack.engine import containers

from drills import load, lock, matrix, program, signals, store
from drills.lock import Refused
from drills.matrix import Drill
from drills.set_up import early_release
from drills.undo import Journal

MOST = 300  # requests a second
BROKE_OFF = (AssertionError, OSError, subprocess.SubprocessError, http.client.HTTPException)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    signals.install()
    try:
        return guarded(options)
    except (Refused, matrix.Unknown) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BROKE_OFF as error:
        print(f"error: the drill broke off: {error}. {left()}", file=sys.stderr)
        return 1
    except signals.Interrupted:
        print(f"interrupted: the load is ended. {left()}", file=sys.stderr)
        return 130


def guarded(options: argparse.Namespace) -> int:
    """What the call asks for, once it is known that it can be: alone, with a stack, and with room for its report."""
    play = options.prepare(options)
    if not containers():
        raise Refused("the stack is not running. Start it with: make up")
    lock.writable(store.FOLDER)
    with lock.lock(store.FOLDER):
        repair()
        lock.no_other_load()
        return play()


def left() -> str:
    """What became of that which was broken: the journal is there until all of it is put back."""
    if Journal(store.FOLDER).is_left():
        return "Not all that was broken could be put back: `make drill UNDO=1` tries again."
    return "What was broken is put back."


def repair() -> None:
    """What a drill that was killed left behind."""
    journal = Journal(store.FOLDER)
    if journal.is_left():
        print("a drill was killed before it could put back what it broke:", flush=True)
        for word in journal.undo() or ["nothing was left broken"]:
            print(f"  {word}", flush=True)
    if load.remove():
        print("  its load is ended", flush=True)


# -- The call ----------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    main = Parser(prog="drills")
    verbs = main.add_subparsers(required=True)
    one = verbs.add_parser("one")
    one.add_argument("--victim", default="")
    one.add_argument("--fault", default="")
    one.add_argument("--runs", type=number("RUNS", int, 1, 100), default=1)
    one.add_argument("--seconds", type=number("AWAY", float, 1, 300), default=None)
    one.set_defaults(prepare=prepare_one)
    several = verbs.add_parser("set")
    several.add_argument("--name", default="all")
    several.add_argument("--since", default="")
    several.set_defaults(prepare=prepare_several)
    for verb in (one, several):
        verb.add_argument("--rate", type=number("RATE", float, 1, MOST), default=20.0)
        verb.add_argument("--write-share", type=number("WRITE_SHARE", float, 0.01, 0.9), default=0.3)
        verb.add_argument("--orders", type=number("ORDERS", float, 0.01, 0.9), default=SHARE)
    verbs.add_parser("undo").set_defaults(prepare=lambda _: lambda: 0)
    return main


def prepare_one(options: argparse.Namespace) -> Callable[[], int]:
    drill = matrix.drill(options.victim, options.fault, seconds=options.seconds, runs=options.runs)
    affordable([drill], options.rate)
    return lambda: program.one(drill, load_of(options))


def prepare_several(options: argparse.Namespace) -> Callable[[], int]:
    drills, since = matrix.drills(options.name), program.known(options.since)
    affordable(drills, options.rate)
    return lambda: program.several(drills, load_of(options), since=since, is_all=options.name == "all")


def affordable(drills: list[Drill], rate: float) -> None:
    """A fault that comes with more load than usual must not ask for more than there can be."""
    for drill in drills:
        if drill.fault.load * rate > MOST:
            most = MOST / drill.fault.load
            raise Refused(f"RATE={rate:g}: {drill} loads {drill.fault.load:g} times as much; use at most {most:g}.")


def load_of(options: argparse.Namespace) -> program.Asked:
    return program.Asked(options.rate, options.write_share, early_release(), options.orders)


if __name__ == "__main__":
    sys.exit(main())
