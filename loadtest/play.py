"""`make loadtest`: says what it will do, does it, shows how far it is, and ends with tables, a report and a verdict.

Ends with 0 when every threshold is met, 3 when one is missed or the run is invalid (1 would also be a traceback), 2 for
a call that cannot be served or a report that cannot be written, 130 when it was interrupted (with a report so far).
"""

from . import greenlets

if __name__ == "__main__":
    greenlets.patch()

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import gevent

from . import locustfile, report, room, saturation, verdict
from .about import about
from .edge import Edge
from .journeys import Mix, People, Shop
from .openloop import Run, Schedule
from .profiles import Plan, Refused, plan
from .progress import Progress, Record
from .sampler import Aside, Broken, stolen
from .tables import ending, heading

REPORTS, LISTED, UI_PORT = Path("/reports"), Path("/tmp/containers"), 8089
PREFIX = os.environ.get("NET_PREFIX", "10.77")
ROOM = 20 * 2**20  # bytes that must be free for reports
MISSED = 3
UI_STAYS = 600  # seconds at most, for somebody who still looks at it
FOLDER = os.environ.get("REPORTS_NAME", "reports")  # as the person knows it


def main() -> int:
    try:
        return play(prepared(plan(os.environ)))
    except (Refused, Broken) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


# -- Before -----------------------------------------------------------------------------------------------------------


def prepared(chosen: Plan) -> People:
    """Everything that can be found out before the load begins."""
    if problem := room.problem(REPORTS, ROOM, FOLDER):
        raise Refused(problem)
    print(heading(chosen, FOLDER), flush=True)
    try:
        edge = Edge(f"{PREFIX}.0.10", 8443, os.environ["SITE_HOST"], "/certs/ca.crt")
        return People(edge, chosen, Shop.found(edge, chosen))
    except (OSError, AssertionError) as error:
        raise Refused(f"the shop does not answer as it should ({error}): is the stack up? (make status)") from None


# -- The load ---------------------------------------------------------------------------------------------------------


def play(people: People) -> int:
    chosen, world = people.plan, locustfile.world(people)
    page = locustfile.show(world, UI_PORT) if os.environ.get("UI") == "1" else None
    if page:
        print(f"Locust's page: http://{os.environ['UI_AT']}/", flush=True)
    locustfile.come_in(world)
    record = Record(locustfile.teller(world))
    run = Run(people.send, Mix(Schedule(chosen.arrivals), people.steps), record.tell, keep=False)
    began, interrupted = datetime.now(UTC), Interruption(run)
    world.events.test_stop.add_listener(lambda **_: run.stop())  # "Stop" on Locust's page
    sampler = sampling()  # before this process goes first: the sampler is not to
    greenlets.quiet_collector()
    real_time = greenlets.go_first()
    sampler.start(run.start().zero)
    progress = Progress(record, run.now, chosen.seconds).start()
    run.join()
    seconds = round(run.now(), 1)
    progress.stop()
    used = sampler.record()
    result = made(people, run, record, began, seconds, stolen(used)) | {"containers": used}
    result["settings"]["real_time"] = real_time
    result["saturation"] = saturation.first(result)
    status = finish(result | {"interrupted": interrupted.happened})
    if page and not interrupted.happened:
        linger(interrupted)
    return 130 if interrupted.happened and status != 2 else status


def sampling() -> Aside:
    """`CONTAINERS` is what scripts/loadtest has asked the engine: a line `<id> <name>` each."""
    LISTED.write_text(os.environ.get("CONTAINERS", ""))
    return Aside(LISTED, PREFIX)


class Interruption:
    """Ctrl-C starts nothing more and lets what is in flight end; a second one ends at once."""

    def __init__(self, run: Run):
        self.run, self.happened = run, False
        gevent.signal_handler(signal.SIGINT, self)
        gevent.signal_handler(signal.SIGTERM, self)

    def __call__(self):
        if self.happened:
            os._exit(130)
        self.happened = True
        self.run.stop()


def linger(interrupted: Interruption) -> None:
    """Somebody at a terminal may still be looking at Locust's page."""
    if not sys.stdin.isatty():
        return
    print(f"Locust's page stays for {UI_STAYS // 60} minutes; Ctrl-C ends it.", flush=True)
    with gevent.Timeout(UI_STAYS, False):
        while not interrupted.happened:
            gevent.sleep(0.2)


# -- Afterwards -------------------------------------------------------------------------------------------------------


def made(people: People, run: Run, record: Record, began: datetime, seconds: float, noise: str) -> dict:
    """The run as the report takes it. `noise`: what disturbed the generator from outside, in words."""
    chosen, outcomes = people.plan, record.outcomes
    found = verdict.figures(outcomes)
    invalid = f"{run.invalid}{noise}" if run.invalid else None if outcomes else "no request was sent"
    thresholds = verdict.judged(found, chosen.thresholds)
    settings = {
        "rate": chosen.rate, "users": chosen.users, "seconds": chosen.seconds, "seed": chosen.seed,
        "phases": chosen.arrivals, "mix": chosen.mix, "accounts": len(people.members),
        "limits": os.environ.get("LIMITS") == "1",
    }  # fmt: skip
    return {
        "profile": chosen.name, "about": chosen.about, "settings": settings, **about(),
        "began": began.isoformat(timespec="seconds"), "seconds": seconds, **found, "invalid": invalid or None,
        "thresholds": thresholds, "verdict": verdict.verdict(thresholds, invalid),
    }  # fmt: skip


def finish(result: dict) -> int:
    """The tables, the report, the exit status."""
    print(ending(result), flush=True)
    try:
        path = report.write(result, REPORTS)
    except OSError as error:
        print(f"error: the report could not be written in {FOLDER}: {error.strerror}", file=sys.stderr)
        return 2
    print(f"Report: {FOLDER}/{path.relative_to(REPORTS)}")
    return 0 if result["verdict"] == verdict.PASSED else MISSED


if __name__ == "__main__":
    # Greenlets that still wait for an answer, or serve a page, are not waited for.
    code = main()
    sys.stdout.flush()
    os._exit(code)
