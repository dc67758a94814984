"""Hand the leadership to a standby before stopping.

Patroni's own shutdown stops Postgres first and often cannot release its lease, which then has to run out (15 s and more
without writes). A switchover takes about two.
"""

import threading
import time
from contextlib import suppress

from .api import UNREACHABLE

LIMIT = 8.0  # seconds; inside the container's stop_grace_period with room for the shutdown itself
POLL = 0.2
ALIVE = ("running", "streaming", "in archive recovery", "starting")


def leader(members):
    return next((m["name"] for m in members if m["role"] in ("leader", "standby_leader")), None)


def successors(members, name):
    """Nodes that could take over from `name`."""
    return [m["name"] for m in members if m["name"] != name and m["state"] in ALIVE]


class Handover:
    """One attempt. `run` always returns within LIMIT, with a sentence for the log."""

    def __init__(self, api, name, clock=time.monotonic, sleep=time.sleep):
        self.api, self.name, self.clock, self.sleep = api, name, clock, sleep
        self.answer = None

    def run(self):
        until = self.clock() + LIMIT
        try:
            members = self.members()
        except UNREACHABLE:
            return "Patroni does not answer, nothing to hand over"
        if leader(members) != self.name:
            return "not the leader, nothing to hand over"
        if not successors(members, self.name):
            return "no standby is alive, nobody to hand over to"
        # Patroni answers only when the switchover is over, so ask beside the watching.
        threading.Thread(target=self.ask, daemon=True).start()
        while self.clock() < until:
            outcome = self.outcome()
            if outcome:
                return outcome
            self.sleep(POLL)
        return f"no new leader after {LIMIT:.0f} s, stopping anyway"

    def ask(self):
        with suppress(UNREACHABLE):  # the watching decides
            self.answer = self.api.call("POST", "/switchover", {"leader": self.name}, timeout=LIMIT)

    def outcome(self):
        """A sentence once the attempt is over, None while it goes on."""
        if self.answer and self.answer[0] >= 400:
            return f"hand-over refused: {self.answer[1]}"
        try:
            members = self.members()
        except UNREACHABLE:
            return None
        current = leader(members)
        if current not in (None, self.name):
            return f"handed over to {current}"
        if not successors(members, self.name):
            return "the last standby has gone, stopping without a hand-over"
        return None

    def members(self):
        return self.api.call("GET", "/cluster")[1]["members"]
