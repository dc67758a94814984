"""A primary that hears from no standby and gets no answer from etcd: nobody could tell it that another leads by now.

It can acknowledge nothing, since commits wait for a standby; but until its Patroni gives up, up to a lease later, it
would be asked, and answer with what it last knew. So the agent says "down". Docs: decision 0028, "Reads on L".
"""

import threading
import time

from .facts import ROOT, Doubt, cluster

ROUND = 0.5  # seconds
HEARD = 2.0  # seconds; a standby reports once a second (wal_receiver_status_interval)


class Alone:
    """`is_alone` is what the last `round` found. `tell(event, **facts)` logs."""

    def __init__(self, me, server, store, tell, clock=time.monotonic):
        self.me, self.server, self.store, self.tell, self.clock = me, server, store, tell, clock
        self.is_alone = False
        self.replies = None  # of the last round, as Postgres tells them
        self.heard_at = None  # None: from nobody since it is primary

    def round(self):
        found = self._find()
        if found != self.is_alone:
            self.tell("alone" if found else "not alone")
        self.is_alone = found

    def forget(self, error):
        """Of a round that met what nobody expected: a last word that stayed would keep a good primary down."""
        self.tell("round", reason=f"not known whether it is alone: {error!r}")
        self.is_alone, self.heard_at = False, None

    def _find(self):
        try:
            replies = self.server.replies()
        except Doubt:
            return self.is_alone  # whether Postgres is there, the agent knows by other means
        if replies is None:  # a standby
            self.heard_at = None
        elif replies and replies != self.replies:
            self.heard_at = self.clock()
        self.replies = replies
        if self.heard_at is None or self.clock() - self.heard_at <= HEARD:
            return False
        try:
            leader = cluster(self.store.read(ROOT)).leader
        except Doubt:
            return True
        return leader not in (None, self.me)


def watch(alone):
    """Round after round in a thread, for as long as the program runs."""

    def run():
        while True:
            try:
                alone.round()
            except Exception as error:
                alone.forget(error)
            time.sleep(ROUND)

    threading.Thread(target=run, daemon=True, name="alone").start()
