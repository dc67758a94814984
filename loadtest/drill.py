"""The load of a drill: what a mixed load and a good client met, in files that the judge reads.

    python -m loadtest.drill --rate 20 --write-share 0.3 --orders 0.1 --out DIR [--seconds N]

stdout says in JSON lines when it is ready, started (with the run's zero on the machine's monotonic clock) and ended.
It loads until SIGTERM or SIGINT or for N seconds, then waits for what is in flight, a minute at most.
DIR gets client.json (what the client does, as data), ledger.jsonl and outcomes.jsonl (one line a request or look).
Ends with 2 when it cannot begin.
"""

from . import greenlets

if __name__ == "__main__":
    greenlets.patch()

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from .edge import Edge
from .ledger import Ledger
from .openloop import LIMIT, Run, Schedule
from .orders import SHARE, UsedUp, buyers_for
from .outcome import Outcome
from .retry import Retry
from .traffic import Traffic, authors_for, orders_among

HOUR = 3600.0  # seconds: without --seconds it ends by a signal, and by itself should nobody send one


class Refused(Exception):
    """It cannot begin; the message says what is wrong and what to do."""


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="loadtest.drill", description="The load of a drill.")
    parser.add_argument("--rate", type=float, default=20, help="planned requests a second (0.1 to 500)")
    parser.add_argument("--write-share", type=float, default=0.3, help="share of writes among them (0 to 1)")
    parser.add_argument("--orders", type=float, default=SHARE, help="share of orders among the writes (0 to 1)")
    parser.add_argument("--seconds", type=float, default=HOUR, help="length of the load; else until a signal")
    parser.add_argument("--out", type=Path, required=True, help="folder for client.json, ledger and outcomes")
    options = parser.parse_args(given)
    for name, low, high in (("rate", 0.1, 500), ("write_share", 0, 1), ("orders", 0, 1), ("seconds", 1, HOUR)):
        if not low <= getattr(options, name) <= high:
            parser.error(f"--{name.replace('_', '-')} {getattr(options, name):g}: use {low:g} to {high:g}")
    return options


def say(event: str, **facts) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def writer(file: TextIO) -> Callable[[Outcome], None]:
    """One line for each outcome, rounded to the tenth of a millisecond."""

    def write(outcome: Outcome) -> None:
        line = {name: round(value, 4) if type(value) is float else value for name, value in asdict(outcome).items()}
        file.write(json.dumps(line) + "\n")

    return write


def open_folder(folder: Path) -> tuple[Ledger, TextIO]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        outcomes = (folder / "outcomes.jsonl").open("w", encoding="utf-8", buffering=1)
        return Ledger(folder / "ledger.jsonl", greenlets.sync), outcomes
    except OSError as error:
        raise Refused(f"cannot write in {folder} ({error.strerror}): give another --out, or free space") from error


def make_traffic(ledger: Ledger, writes: int, share: float) -> Traffic:
    """Finds products, registers authors and buyers, which takes seconds: passwords are hashed slowly on purpose."""
    address = f"{os.environ.get('NET_PREFIX', '10.77')}.0.10"
    try:
        edge = Edge(address, 8443, os.environ.get("SITE_HOST", "shop.localhost"), "/certs/ca.crt")
        orders = orders_among(writes, share)
        return Traffic(edge, ledger, authors_for(writes - orders), share=share, buyers=buyers_for(orders))
    except UsedUp as error:
        raise Refused(f"{error}: give a lower --rate, --write-share or --orders, or fewer --seconds") from error
    except (OSError, AssertionError, ValueError, KeyError) as error:
        raise Refused(f"the shop at {address}:8443 does not serve this load ({error}): see 'make status'") from error


def client(traffic: Traffic, retry: Retry, options: argparse.Namespace) -> dict:
    """What this client does, for the report."""
    return {
        "name": traffic.name, "rate": options.rate, "write_share": options.write_share, "orders": options.orders,
        "authors": len(traffic.authors), "buyers": traffic.buyers, "limit": LIMIT,
        "timeout": "a try may take what is left of the limit", "retry": retry.described(),
        "look": "after each acknowledged write its author opens the page, or asks for the order, that must show it",
    }  # fmt: skip


def on_signal(action: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: action())


def play(options: argparse.Namespace) -> None:
    on_signal(lambda: sys.exit(143))  # before the load there is nothing to wait for
    ledger, outcomes = open_folder(options.out)
    schedule = Schedule.constant(options.rate, options.seconds, options.write_share)
    traffic, retry = make_traffic(ledger, schedule.writes, options.orders), Retry()
    said = client(traffic, retry, options) | {"real_time": greenlets.go_first()}
    (options.out / "client.json").write_text(json.dumps(said, indent=1) + "\n")
    run = Run(traffic.send, schedule, writer(outcomes), retry, keep=False)
    on_signal(run.stop)
    greenlets.quiet_collector()
    say("ready")
    run.start()
    say("started", monotonic=run.zero)
    try:
        run.join()
    except OSError as error:
        raise Refused(f"the record of this run is not whole ({error.strerror}): free space in {options.out}") from error
    outcomes.close()
    ledger.close()
    say("ended", requests=len(run.late), late_p99=round(run.late_p99, 5), invalid=run.invalid)


def main() -> None:
    try:
        play(arguments())
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
