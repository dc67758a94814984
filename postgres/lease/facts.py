"""What one round knows: the cluster as etcd has it at one revision, and this node's own Postgres. Pure."""

import json
import re
from dataclasses import asdict, dataclass, field, fields
from urllib.parse import urlsplit

ROOT = "/service/flotilla/"  # Patroni's namespace and scope
PROMISES = "fence/"
NODES = frozenset({"postgres-1", "postgres-2", "postgres-3"})  # nobody else may replicate (pg_hba in patroni.yml)
HOST = re.compile(r"(?:^|\s)host='?([^'\s]+)")


class Doubt(Exception):
    """Somebody who was asked gave no answer, or none that is understood. Then nothing is done."""


@dataclass(frozen=True)
class Entry:
    """A key of etcd: its value, the revision of its last change, and the lease that it ends with (0: none)."""

    value: str
    revision: int
    lease: int = 0


@dataclass(frozen=True)
class Promise:
    """A voter's word that it receives nothing from `leader`, given under these revisions; `revision` is its own.

    `timeline`, `position`: how far its log reaches, and will reach as long as the promise stands; in bytes.
    """

    leader: str
    leader_revision: int
    sync_revision: int
    timeline: int
    position: int
    revision: int = 0

    @property
    def text(self):
        return json.dumps({name: value for name, value in asdict(self).items() if name != "revision"})


@dataclass(frozen=True)
class Cluster:
    """What Patroni's keys say. `leader` is None while nobody holds the key; `hosts`: member -> address.

    `streaming`: the standbys that received the log when their Patroni last wrote, at most a loop ago.

    `leases`: member -> the lease of its Patroni, which its keys end with, the leader's key too.
    `words`: member -> revision of its promise's key, also where that was taken back and is empty.
    """

    leader: str | None
    leader_revision: int
    sync_leader: str | None
    sync_revision: int
    voters: frozenset[str]
    is_strict: bool
    is_paused: bool
    config_revision: int
    failover_revision: int
    is_handing_over: bool
    lease_seconds: float = 30.0  # Patroni's `ttl`
    streaming: frozenset[str] = frozenset()
    hosts: dict[str, str] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)

    @property
    def reign(self):
        """Under which everything is decided: one leadership with one set of voters."""
        return self.leader, self.leader_revision, self.sync_revision

    @property
    def asked(self):
        """What people have asked of the cluster: its settings, a pause among them, and a switchover."""
        return self.config_revision, self.failover_revision

    @property
    def leader_knows_settings(self):
        """It has written the sync key as the leader, and each loop of its Patroni begins by reading them."""
        return self.sync_leader == self.leader and self.config_revision < self.leader_revision < self.sync_revision

    def kept(self, reign):
        """The promises that were given for `reign`: voter -> Promise."""
        return {
            name: promise
            for name, promise in self.promises.items()
            if (promise.leader, promise.leader_revision, promise.sync_revision) == reign
        }


@dataclass(frozen=True)
class Own:
    """This node's Postgres. `silence`: seconds since the last message of a running receiver, None without one.

    `is_fenced`: ALTER SYSTEM has emptied primary_conninfo; `follows`: the host that Patroni's own file names.
    """

    is_standby: bool
    silence: float | None
    is_fenced: bool
    follows: str | None


def cluster(entries):
    """entries: key below ROOT -> Entry. Raises Doubt for what Patroni would not write."""
    try:
        return _cluster(entries)
    except (ValueError, TypeError, AttributeError) as error:
        raise Doubt(f"etcd holds what is not understood: {error}") from error


def host(conninfo):
    """The host that a connection string of Patroni's names (`key=value key=value`), None without one."""
    found = HOST.search(conninfo or "")
    return found[1] if found else None


def _cluster(entries):
    none = Entry("", 0)
    leader, sync, failover = (entries.get(name, none) for name in ("leader", "sync", "failover"))
    settings = entries.get("config", none)
    config, state, members = _object(settings), _object(sync), _members(entries)
    return Cluster(
        leader=leader.value or None,
        leader_revision=leader.revision,
        sync_leader=state.get("leader"),
        sync_revision=sync.revision,
        voters=frozenset((state.get("sync_standby") or "").split(",")) - {""},
        is_strict=config.get("synchronous_mode") == "quorum" and config.get("synchronous_mode_strict") is True,
        is_paused=bool(config.get("pause")),
        config_revision=settings.revision,
        failover_revision=failover.revision,
        is_handing_over=bool(_object(failover)),
        lease_seconds=max(20.0, float(config.get("ttl", 30))),  # Patroni's floor, and its default
        streaming=frozenset(name for name, its in members.items() if its.get("replication_state") == "streaming"),
        hosts={name: urlsplit(its.get("conn_url", "")).hostname for name, its in members.items()},
        leases={name: entry.lease for name, entry in _below("members/", entries)},
        promises=dict(_promises(entries)),
        words={name: entry.revision for name, entry in _below(PROMISES, entries)},
    )


def _members(entries):
    return {name: _object(entry) for name, entry in _below("members/", entries)}


def _promises(entries):
    for name, entry in _below(PROMISES, entries):
        if entry.value:
            yield name, _promise(entry)


def _promise(entry):
    """One that is not understood, of another release for instance, counts for nobody, and yet binds its node.

    It has the revision of no leader, not even that of a key that is free.
    """
    try:
        said = _object(entry)
        parts = {part.name: part.type(said[part.name]) for part in fields(Promise) if part.name != "revision"}
    except (ValueError, TypeError, KeyError):
        parts = {"leader": "", "leader_revision": -1, "sync_revision": -1, "timeline": 0, "position": 0}
    return Promise(**parts, revision=entry.revision)


def _below(folder, entries):
    return [(key.removeprefix(folder), entry) for key, entry in entries.items() if key.startswith(folder)]


def _object(entry):
    found = json.loads(entry.value) if entry.value else {}
    if not isinstance(found, dict):
        raise ValueError(f"{entry.value[:80]!r} is no object")
    return found
