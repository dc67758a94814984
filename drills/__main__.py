"""`make drill` and `make drills`: breaks something under load, puts it back, and says what a client saw.

    tools/run python -m drills one --victim web --fault kill [--runs 1] [--rate 20] [--write-share 0.3] [--seconds N]
    tools/run python -m drills set --name all [--since COMMIT]
    tools/run python -m drills undo         puts back what a killed drill left broken

Ends with 0 when every target is met, 1 when one is missed or a run cannot tell, 2 for a call that cannot be served
(nothing was broken), 130 when interrupted (what was broken is put back).
"""

import argparse
import sys
from collections.abc import Callable

from stack.engine import containers

from drills import load, lock, matrix, program, signals, store
from drills.lock import Refused
from drills.undo import Journal


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    signals.install()
    try:
        return guarded(options)
    except (Refused, matrix.Unknown) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except AssertionError as error:
        print(f"error: the drill broke off: {error}. What was broken is put back.", file=sys.stderr)
        return 1
    except signals.Interrupted:
        print("interrupted: what was broken is put back, the load is ended.", file=sys.stderr)
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
    main = argparse.ArgumentParser(prog="drills", allow_abbrev=False)
    verbs = main.add_subparsers(required=True)
    one = verbs.add_parser("one")
    one.add_argument("--victim", default="")
    one.add_argument("--fault", default="")
    one.add_argument("--runs", type=number(int, 1, 100, "RUNS"), default=1)
    one.add_argument("--seconds", type=number(float, 1, 300, "SECONDS_AWAY"), default=None)
    one.set_defaults(prepare=prepare_one)
    several = verbs.add_parser("set")
    several.add_argument("--name", default="all")
    several.add_argument("--since", default="")
    several.set_defaults(prepare=prepare_several)
    for verb in (one, several):
        verb.add_argument("--rate", type=number(float, 1, 300, "RATE"), default=20.0)
        verb.add_argument("--write-share", type=number(float, 0.01, 0.9, "WRITE_SHARE"), default=0.3)
    verbs.add_parser("undo").set_defaults(prepare=lambda _: lambda: 0)
    return main


def prepare_one(options: argparse.Namespace) -> Callable[[], int]:
    drill = matrix.drill(options.victim, options.fault, seconds=options.seconds, runs=options.runs)
    return lambda: program.one(drill, rate=options.rate, write_share=options.write_share)


def prepare_several(options: argparse.Namespace) -> Callable[[], int]:
    drills, since = matrix.drills(options.name), program.known(options.since)
    load = {"rate": options.rate, "write_share": options.write_share}
    return lambda: program.several(drills, since=since, is_all=options.name == "all", **load)


def number(kind: type, low: float, high: float, setting: str):
    """An argument's type: a number between two bounds, refused with the setting's name."""

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{setting}={text}: use a number from {low:g} to {high:g}.")
        return value

    return parse


if __name__ == "__main__":
    sys.exit(main())
