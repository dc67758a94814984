"""The rounds of one node: calm, alarm, fence, release or withdraw, lift. docs/decisions/0028 numbers the steps."""

import time

from . import decision
from .facts import PROMISES, ROOT, Doubt, Promise, cluster

CALM = 0.25  # seconds between two looks at one's own Postgres
ALARM = 0.1  # between two rounds when no log arrives; a silent leader makes each of them last half a second more
QUIET = 1.5  # seconds without a message are an alarm; an idle leader sends one each 1.25 s (wal_receiver_timeout / 2)
LATE = 1.0  # a round that lasts longer says something of this node, not of the leader, whose probes take half a second
FENCED = 4.0  # then a voter that waits in vain for the others gives up
LOOK = 5.0  # how often it is looked, when all is calm, what the settings are and where the leader is


class Warden:
    """`round()` does one and returns the seconds until the next. `tell(event, **facts)` logs and counts."""

    def __init__(self, me, own, store, answers, tell, *, enabled=True, is_full=lambda: False, clock=time.monotonic):
        self.me, self.own, self.store, self.answers, self.tell, self.clock = me, own, store, answers, tell, clock
        self.enabled, self.is_full = enabled, is_full
        self.patience, self.rest = decision.Patience(), decision.Rest()
        self.fenced_at = None  # since when, by this process; None: not, or not known yet
        self.known = False  # whether a fence of before this start was looked for
        self.said = None  # the last reason that was news
        self.host = None  # where the leader was at the last look at etcd
        self.looked = float("-inf")  # when that was
        self.settings = (None, self.looked)  # their revision, and when this was first seen

    def round(self):
        try:
            if self.known and self.fenced_at is None and (self.own.is_calm(QUIET) or not self.enabled):
                self._good("the log arrives" if self.enabled else "it is turned off")
                if not self.enabled:
                    return LOOK
                if self.clock() - self.looked > LOOK:
                    self._look()
                return CALM
            return self._alarmed()
        except Doubt as doubt:
            self.known = False  # a Postgres that comes back may bring another node's files
            self._good(f"in doubt: {str(doubt).splitlines()[0]}")
            return ALARM if self.fenced_at else CALM

    def _alarmed(self):
        """A leader that answers is asked nothing more, and nobody else either."""
        began = self.clock()
        asked, answered = self.host, bool(self.host) and self.answers(self.host)
        if answered and self.known and self.fenced_at is None:
            self._good("the leader answers")
            return CALM
        mine, now = self.own.own(), self._look()
        self.fenced_at = (self.fenced_at or began) if mine.is_fenced else None
        self.known = True
        if mine.is_fenced and decision.may_lift(now, mine, self._promised(now)):
            return self._lift(now)
        if not mine.is_standby:
            return CALM
        if self.host != asked:
            answered = not self.host or self.answers(self.host)
        facts = {
            "leader_answers": answered or not self.host,  # nowhere to ask: then it may be alive
            "on_time": self.clock() - began <= LATE,
            "has_room": mine.is_fenced or not self.is_full(),  # a fence that stands is not given up for it
            "quiet": QUIET,
            "stood": began - self.settings[1],
        }
        reason = decision.obstacle(now, mine, self.me, **facts) if self.enabled else "it is turned off"
        self._good(reason) if reason else self._because("the leader is silent")
        return self._fenced(now, reason) if mine.is_fenced else self._unfenced(now, reason)

    def _look(self):
        """-> Cluster. Also keeps in mind since when its settings stand."""
        now, self.looked = cluster(self.store.read(ROOT)), self.clock()
        self.host = now.hosts.get(now.leader)
        if now.config_revision != self.settings[0]:
            self.settings = now.config_revision, self.looked
        return now

    # -- Before the fence

    def _unfenced(self, now, reason):
        if self._promised(now) is not None:  # left by a data directory that is gone
            self._take_back(now)
        if reason:
            return CALM if reason == "there is no leader" or now.leader == self.me else ALARM
        if self.patience.bad(now.reign) and self._may_fence(now):
            self._fence(now)
        return ALARM

    def _may_fence(self, now):
        """Who gave up a short while ago rests, unless another voter waits for this one."""
        return bool(now.kept(now.reign).keys() - {self.me}) or not self.rest.holds(now.reign, self.clock())

    def _fence(self, now):
        """Also behind a fence that was found, or was not in force in time: then it is set and looked at again."""
        found, self.fenced_at = self.fenced_at, self.fenced_at or self.clock()
        in_force = self.own.fence()
        if not found:
            self.tell("fenced", leader=now.leader, in_force=in_force)
        if in_force and self._promise(now, *self.own.position()):
            self.tell("promised", leader=now.leader, revision=now.leader_revision)
            seen = cluster(self.store.read(ROOT))
            # This round was judged by other settings, or before a switchover was asked for: the next one looks at that.
            if seen.asked != now.asked:
                return
            if promises := decision.all_promised(seen, self.patience.reign):
                self._release(seen, promises)

    def _promise(self, now, timeline, position):
        promise = Promise(*now.reign, timeline, position)
        conditions = {
            ROOT + "leader": now.leader_revision, ROOT + "sync": now.sync_revision,
            self._key: now.words.get(self.me, 0),  # a word that arrives late, after it was taken back, counts no more
        }  # fmt: skip
        return self.store.change(conditions, put={self._key: promise.text})

    # -- Behind the fence

    def _fenced(self, now, reason):
        if self._promised(now) not in (None, now.leader_revision):
            return ALARM  # bound, until this node follows another leader
        if self.clock() - self.fenced_at > FENCED:
            return self._withdraw(now, reason or "no release in time")
        if reason:  # a round that was late says nothing, neither of the leader nor of the other voters
            return ALARM if reason == decision.WAS_LATE else self._withdraw(now, reason)
        if self.me not in now.kept(now.reign):
            if self.patience.bad(now.reign):
                self._fence(now)
        elif promises := decision.all_promised(now, now.reign):
            self._release(now, promises)
        return ALARM

    def _release(self, now, promises):
        """The key is free at no moment: it is the furthest voter's, on the lease of that one's Patroni."""
        heir = decision.furthest(promises)
        if not now.leases.get(heir):
            return self._because(f"the furthest voter's Patroni is not there: {heir}")
        conditions = {
            ROOT + "leader": now.leader_revision, ROOT + "sync": now.sync_revision,
            ROOT + "config": now.config_revision, ROOT + "failover": now.failover_revision,
            **{ROOT + PROMISES + name: promise.revision for name, promise in promises.items()},
        }  # fmt: skip
        if self.store.change(conditions, put={ROOT + "leader": heir}, lease=now.leases[heir]):
            self.tell("released", leader=now.leader, revision=now.leader_revision, heir=heir)
        return None

    def _withdraw(self, now, reason):
        """Only while the leader is who it was at the promise."""
        if self._take_back(now, {ROOT + "leader": now.leader_revision}):
            self.rest.begin(now.reign, self.clock())
            self.tell("withdrew", leader=now.leader, reason=reason)
            self._open()
        return ALARM

    def _lift(self, now):
        if self._take_back(now, {ROOT + "leader": now.leader_revision}):
            self.tell("lifted", leader=now.leader)
            self._open()
        return ALARM

    def _take_back(self, now, conditions=None):
        """Emptied, not deleted: so its revision changes, and no change that is still on its way can count on it.

        Only the word that was read: a request that a member of etcd carries out late, after another one has answered
        for it, must not take back what was promised since.
        """
        return self.store.change({self._key: now.words.get(self.me, 0)} | (conditions or {}), put={self._key: ""})

    def _open(self):
        self.own.lift()
        self.fenced_at = None
        self.patience.good()

    # -- Words

    @property
    def _key(self):
        return ROOT + PROMISES + self.me

    def _promised(self, now):
        promise = now.promises.get(self.me)
        return promise.leader_revision if promise else None

    def _good(self, reason):
        """No bad round: counting begins anew."""
        self.patience.good()
        if reason in decision.SIGNS_OF_LIFE:
            self.rest.forget()
        self._because(reason)

    def _because(self, reason):
        """News is logged: one sign of life after another is none."""
        news = "it lives" if reason in decision.SIGNS_OF_LIFE else reason
        if news != self.said:
            self.tell("round", reason=reason)
            self.said = news
