"""Looks after a running Patroni: a leader without room ends it, when both others can go on."""

import time

from lease.facts import NODES, ROOT, Doubt, cluster
from pgnode.log import log

EACH = 1.0  # seconds
ROUNDS = 3  # full ones in a row, before anything is done


def obstacle(now, me):
    """What of the cluster is in the way of stepping down: a short phrase, or None. Pure."""
    others = NODES - {me}
    reasons = {
        "this node is not the leader": now.leader != me,
        "maintenance: the cluster is paused": now.is_paused,
        "a switchover is under way": now.is_handing_over,
        "commits are not strictly synchronous": not now.is_strict,
        "not both other nodes confirm its commits": now.sync_leader != me or not others <= now.voters & now.streaming,
    }
    return next((phrase for phrase, holds in reasons.items() if holds), None)


class Watch:
    """`over(patroni)` lasts as long as that Patroni does. `free(host)`: what another node says that it has left.

    `before`: called when it is decided, while Patroni still runs. `stepped_down`: whether it was ended here.
    """

    def __init__(self, me, volume, store, free, before=lambda: None, pause=time.sleep):
        self.me, self.volume, self.store, self.free, self.before, self.pause = me, volume, store, free, before, pause
        self.stepped_down, self.rounds, self.said = False, 0, None

    def over(self, patroni):
        self.stepped_down, self.rounds, self.said = False, 0, None
        while patroni.poll() is None and not self.stepped_down:
            self.pause(EACH)
            if self.is_time():
                self.stepped_down = True
                try:
                    self.before()
                finally:
                    patroni.kill()

    def is_time(self):
        """One round."""
        try:
            self.rounds = self.rounds + 1 if self.volume.is_full() else 0
            if self.rounds < ROUNDS:
                return self._stay(None)
            reason = self._obstacle()
        except (Doubt, OSError) as doubt:
            reason = f"in doubt: {str(doubt).splitlines()[0]}"
        if reason:
            return self._stay(reason)
        log(f"no room on {self.volume}: stepping down, both other nodes have room", "node")
        return True

    def _obstacle(self):
        now = cluster(self.store.read(ROOT))
        reason = obstacle(now, self.me)
        if reason:
            return reason
        lacking = [name for name in sorted(NODES - {self.me}) if not self.free(now.hosts[name]) >= self.volume.needed]
        return f"no word of enough room from {' and '.join(lacking)}" if lacking else None

    def _stay(self, reason):
        """-> False. News is logged, also that there is room again."""
        if reason != self.said:
            path, self.said = self.volume.path, reason
            log(f"no room on {path}: nothing is done, {reason}" if reason else f"room again on {path}", "node")
        return False
