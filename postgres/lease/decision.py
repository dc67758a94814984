"""What a round may do. Pure: facts in, a word out."""

from .facts import NODES

ROUNDS = 3  # bad ones in a row, before anything is done
# Settings newer than a leadership must have stood for so many leases: then the leader has read them, or leads no more.
# One that does not know yet that it must be strict could still acknowledge alone. Two, as a new leader of etcd begins
# every lease anew.
SETTLED = 2
REST, LONGEST_REST = 10.0, 60.0  # seconds after a fence in vain
WAS_LATE = "this node was late itself"
SIGNS_OF_LIFE = {"the log arrives", "the leader answers", "this node receives from the leader"}


def obstacle(cluster, own, me, *, leader_answers, on_time, has_room, quiet, stood):
    """Why this round is no reason to act against the leader: a short phrase, or None when there is no reason left.

    The order is that in which a person would ask.
    """
    reasons = {
        "there is no leader": cluster.leader is None,
        "this node is the leader": cluster.leader == me,
        "the leader answers": leader_answers,
        "this node receives from the leader": own.silence is not None and own.silence < quiet,
        "commits are not strictly synchronous": not cluster.is_strict,
        "maintenance: the cluster is paused": cluster.is_paused,
        "a switchover is under way": cluster.is_handing_over,
        "Patroni has not pointed this node at the leader": own.follows != cluster.hosts.get(cluster.leader),
        "the settings are new": stood < SETTLED * cluster.lease_seconds and not cluster.leader_knows_settings,
        "the voters are those of another leader": cluster.sync_leader != cluster.leader,
        "the sync key names a node that is none of ours": not cluster.voters <= NODES,
        WAS_LATE: not on_time,
        "this node has no room": not has_room,
    }
    return next((phrase for phrase, holds in reasons.items() if holds), None)


class Patience:
    """Counts bad rounds in a row under one reign; any other round begins anew."""

    def __init__(self):
        self.rounds, self.reign = 0, None

    def bad(self, reign):
        """-> whether that is enough"""
        self.rounds = self.rounds + 1 if reign == self.reign else 1
        self.reign = reign
        return self.rounds >= ROUNDS

    def good(self):
        self.rounds, self.reign = 0, None


class Rest:
    """After a fence in vain: none under the same reign for a while, and for twice as long each further time."""

    def __init__(self):
        self.seconds, self.reign, self.until = 0.0, None, 0.0

    def begin(self, reign, now):
        again = reign == self.reign and self.seconds
        self.seconds = min(2 * self.seconds, LONGEST_REST) if again else REST
        self.reign, self.until = reign, now + self.seconds

    def holds(self, reign, now):
        return reign == self.reign and now < self.until

    def forget(self):
        self.reign = None


def all_promised(cluster, reign):
    """The promises of every node but the leader, whether the sync key lists it or not; None when one is missing."""
    kept, others = cluster.kept(reign), NODES - {cluster.leader}
    return {name: kept[name] for name in others} if cluster.reign == reign and others <= kept.keys() else None


def furthest(promises):
    """-> the voter that has everything which any of them has; of several the first by name, so that all choose alike"""
    return min(promises, key=lambda name: (-promises[name].timeline, -promises[name].position, name))


def may_lift(cluster, own, promised):
    """Whether a fenced node is free of what it promised: it is the primary, or has been pointed at another leadership.

    `promised`: the leader's revision of its standing promise, None without one: then giving up is a matter of its own.
    """
    if not own.is_standby:
        return True
    if promised is None or cluster.leader is None or cluster.leader_revision == promised:
        return False
    return own.follows is not None and own.follows == cluster.hosts.get(cluster.leader)
