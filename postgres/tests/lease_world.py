"""Two voters' programs against one etcd and a clock of their own."""

import json

from lease import decision
from lease.facts import ROOT, Doubt, Entry, Own, cluster
from lease.warden import Warden

P, A, B = "postgres-1", "postgres-2", "postgres-3"
HOSTS = {P: "10.77.4.11", A: "10.77.4.12", B: "10.77.4.13"}
LEASES = {P: 101, A: 102, B: 103}
STREAMING = {"replication_state": "streaming"}
STRICT = {"synchronous_mode": "quorum", "synchronous_mode_strict": True, "ttl": 20}
SETTLED = decision.SETTLED * STRICT["ttl"]


class Store:
    """etcd's part of the world: keys with revisions, and conditional changes."""

    def __init__(self):
        self.keys, self.revision, self.away, self.ended = {}, 10, False, set()  # `ended`: leases
        self.put("config", json.dumps(STRICT))
        self.put("sync", json.dumps({"leader": P, "sync_standby": f"{A},{B}"}))
        for name, host in HOSTS.items():
            member = {"conn_url": f"postgres://{host}:5432/postgres"} | ({} if name == P else STREAMING)
            self.put(f"members/{name}", json.dumps(member), LEASES[name])
        self.put("leader", P, LEASES[P])

    def put(self, name, value, lease=0):
        self.revision += 1
        self.keys[ROOT + name] = Entry(value, self.revision, lease)

    def delete(self, name):
        self.keys.pop(ROOT + name, None)

    def read(self, prefix):
        if self.away:
            raise Doubt("no etcd answers")
        return {key.removeprefix(prefix): entry for key, entry in self.keys.items()}

    def change(self, conditions, *, put, lease=0):
        if self.away:
            raise Doubt("no etcd answers")
        revisions = {key: entry.revision for key, entry in self.keys.items()}
        if any(revisions.get(key, 0) != revision for key, revision in conditions.items()):
            return False
        if lease in self.ended:
            raise Doubt("etcd: requested lease not found")
        for key, value in put.items():
            self.put(key.removeprefix(ROOT), value, lease)
        return True

    @property
    def now(self):
        return cluster(self.read(ROOT))


class Server:
    """A node's Postgres: a standby that hears nothing, unless told otherwise."""

    reaches = (1, 5000)

    def __init__(self):
        self.calm, self.silence, self.standby, self.fenced, self.follows, self.quiet = False, None, True, False, P, True
        self.before_fence, self.fences = lambda: None, 0

    def is_calm(self, seconds):
        return self.calm

    def own(self):
        return Own(self.standby, self.silence, self.fenced, HOSTS[self.follows])

    def fence(self):
        self.before_fence()
        self.fenced, self.fences = True, self.fences + 1
        return self.quiet

    def position(self):
        return self.reaches

    def lift(self):
        self.fenced = False


class World:
    """Two voters' programs, one etcd, a clock that each round moves by half a second."""

    def __init__(self):
        self.store, self.time, self.alive, self.told = Store(), 100.0, {P: False, A: True, B: True}, []
        self.reasons, self.times = [], []  # of the rounds, and of the fences
        self.servers = {name: Server() for name in (A, B)}
        self.wardens = {name: self.start(name) for name in (A, B)}
        self.settle()

    def settle(self):
        """A while of calm: the settings are seen to stand."""
        for name, server in self.servers.items():
            server.calm = True
            self.wardens[name].known = True
            self.wardens[name].round()
        self.time += SETTLED
        for server in self.servers.values():
            server.calm = False

    def start(self, name, **options):
        return Warden(
            name, self.servers[name], self.store, self.answers, lambda event, **facts: self.tell(name, event, facts),
            clock=lambda: self.time, **options,
        )  # fmt: skip

    def tell(self, name, event, facts):
        self.told.append((name, event))
        self.reasons += [facts["reason"]] if event == "round" else []
        self.times += [self.time] if event == "fenced" else []

    def answers(self, host):
        self.time += 0.5
        return self.alive[next(name for name, where in HOSTS.items() if where == host)]

    def rounds(self, count, *names):
        for _ in range(count):
            for name in names or (A, B):
                self.wardens[name].round()

    def steps(self, name=None):
        return [event for who, event in self.told if event != "round" and name in (None, who)]


def fenced_both(world):
    world.rounds(decision.ROUNDS, A)
    assert world.steps() == ["fenced", "promised"]


def released(world):
    world.rounds(decision.ROUNDS)
    assert world.steps()[-1] == "released"
    return world


def change_config(world, **changes):
    world.store.put("config", json.dumps(STRICT | changes))


def change_sync(world, **changes):
    world.store.put("sync", json.dumps({"leader": P, "sync_standby": f"{A},{B}"} | changes))
