"""The live view of a running stack: a screen in a terminal, lines elsewhere.

    python -m watch [--duration SECONDS] [--between SECONDS] [--no-probe]

Ends with 0 by Ctrl-C or after the duration, with 2 for a wrong call or when there is nothing to watch.
"""

import argparse
import os
import queue
import signal
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from stack.arguments import Parser, number
from stack.engine import PROJECT, SITE_HOST

from .facts import Listed
from .lines import event_line, state_line
from .screen import Screen
from .sources import Sources, list_containers
from .state import State


class Ended(Exception):
    """Somebody asked for the end."""


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    duration, between = number("DURATION", float, 1, 86400), number("SECONDS_BETWEEN", float, 0.2, 3600)
    parser = Parser(prog="watch", description="Live view of the running stack.")
    parser.add_argument("--duration", type=duration, default=float("inf"), help="end by itself after so many seconds")
    parser.add_argument("--between", type=between, default=1.0, help="seconds between two lines or screens")
    parser.add_argument("--no-probe", action="store_true", help="send no request of its own")
    return parser.parse_args(words)


def collect(state: State, sources: Sources, until: float) -> None:
    """Takes what the sources report until that moment (monotonic)."""
    while (left := until - time.monotonic()) > 0:
        try:
            at, fact = sources.facts.get(timeout=left)
        except queue.Empty:
            break
        state.take(fact, at)
    state.settle(time.time())


def watch(state: State, sources: Sources, options, show: Callable[[], None]) -> None:
    began = time.monotonic()
    due = began
    while due - began < options.duration:
        due += options.between
        collect(state, sources, due)
        show()


def on_screen(state: State, sources: Sources, options) -> None:
    view = lambda: Screen(state, time.time(), SITE_HOST, not options.no_probe)  # noqa: E731
    # Half-drawn screens flicker over ssh: one write each, by hand.
    with Live(view(), console=Console(), screen=True, auto_refresh=False) as live:
        watch(state, sources, options, lambda: live.update(view(), refresh=True))


def draws() -> bool:
    """Whether a screen can be drawn: not into a pipe, and not on a terminal that only prints, such as an editor's."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def in_lines(state: State, sources: Sources, options) -> None:
    known = 0

    def show() -> None:
        nonlocal known
        for event in state.new_events(known):
            print(event_line(event), flush=True)
        known = state.said
        print(state_line(state, time.time()), flush=True)

    if not options.no_probe:
        print("one request a second is this view's own (PROBE=0: none)", flush=True)
    watch(state, sources, options, show)


def first_list(state: State, sources: Sources) -> str | None:
    """What keeps us from watching, in one sentence; or nothing, and the state knows its containers."""
    fact, at = list_containers(sources.names)
    if fact == Listed(None):
        return "no container engine answers here: 'make doctor' says more."
    if not fact.nodes:
        return f"the stack '{PROJECT}' is not there. Start it with: make up"
    state.take(fact, at)
    return None


def end(*_) -> None:
    raise Ended


def main() -> int:
    options = arguments()
    state, sources = State(time.time()), Sources(probe=not options.no_probe)
    if problem := first_list(state, sources):
        print(f"error: {problem}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, end)
    sources.start()
    try:
        (on_screen if draws() else in_lines)(state, sources, options)
    except (Ended, KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        sources.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
