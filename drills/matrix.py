"""What may be hit, and how: a victim or a fault more is one line here, and a row of targets in drills/targets.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from loadtest.openloop import LATE_START
from stack import direct

from drills import faults


@dataclass(frozen=True, slots=True)
class Victim:
    """`services`: a regular expression of the compose services it stands for; the first running container is hit, or,
    where the role moves, the one that `role()` names at that moment. `away`: seconds dead, unless the fault's own."""

    name: str
    services: str
    role: Callable[[], str] | None = None
    away: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """`act` breaks, `seconds` is how long it stays so; `done` is how a person says it. `of`: the one victim it fits,
    all of whose containers take part; such a fault undoes itself."""

    name: str
    act: Callable
    done: str
    seconds: float = 0
    of: str | None = None


VICTIMS = (
    Victim("nginx", "nginx"),
    Victim("haproxy", r"haproxy-\d"),
    Victim("web", "web"),
    Victim("pgbouncer", r"pgbouncer-\d"),
    # Longer away than its lease lasts: the others must manage without it.
    Victim("postgres-primary", r"postgres-\d", direct.postgres_primary, away=30),
    Victim("postgres-standby", r"postgres-\d", direct.postgres_standby),
    Victim("etcd", r"etcd-\d", direct.etcd_leader),
    Victim("redis-master", r"redis-\d", direct.redis_master),
    Victim("redis-replica", r"redis-\d", direct.redis_replica),
    Victim("sentinel", r"sentinel-\d"),
    Victim("cache", r"cache-\d"),
    Victim("prometheus", "prometheus"),
    Victim("grafana", "grafana"),
    Victim("nginx-exporter", "nginx-exporter"),
    Victim("postgres-exporter", "postgres-exporter"),
    Victim("pgbouncer-exporter", r"pgbouncer-exporter-\d"),
    Victim("redis-exporter", "redis-exporter"),
)

FAULTS = (
    Fault("kill", faults.kill, "killed", 10),
    Fault("stop", faults.stop, "stopped", 10),
    Fault("pause", faults.pause, "paused", 60),
    Fault("cut", faults.cut, "cut off from its networks", 60),
    Fault("switchover", faults.switchover, "handed over", of="postgres-primary"),
    Fault("rolling", faults.rolling, "restarted, one replica after the other", of="web"),
)

# Runs of a cell, where one would say too little: a failover's time depends on where in its lease the primary dies.
RUNS = {
    ("postgres-primary", "kill"): 10, ("postgres-primary", "stop"): 10,
    ("postgres-primary", "pause"): 3, ("postgres-primary", "cut"): 3,
}  # fmt: skip

# What `make test` runs in under six minutes: (victim, fault, seconds away or None for the usual ones), each once.
CI = (
    ("web", "kill", 5),
    ("haproxy", "kill", 5),
    ("pgbouncer", "kill", 5),
    ("etcd", "kill", 5),
    ("redis-master", "kill", 5),
    ("postgres-standby", "pause", 5),
    ("postgres-primary", "switchover", None),
    ("postgres-primary", "stop", 10),
    ("postgres-primary", "kill", 25),
)


# How late their load may start, p99, in seconds. Twenty times what a figure allows: on a busy machine that still tells
# whether a gap of seconds was kept. Such runs never become figures (drills/store.py).
CI_LATE = 0.1


class Unknown(ValueError):
    """There is no such victim, fault, set or pair; says what there is."""


@dataclass(frozen=True, slots=True)
class Drill:
    """`seconds`: how long the victim stays away; `late`: how late its load may start, p99, in seconds."""

    victim: Victim
    fault: Fault
    seconds: float
    runs: int = 1
    late: float = LATE_START

    def __str__(self) -> str:
        return f"{self.victim.name} {self.fault.name}"


def drill(victim: str, fault: str, *, seconds: float | None = None, runs: int | None = None) -> Drill:
    """The pair of these names; Unknown when there is none."""
    if not victim and not fault:
        raise Unknown(f"say what to hit and how, for example V=web F=kill.\n{listed('victim')}\n{listed('fault')}")
    hit, how = named("victim", victim), named("fault", fault)
    if how.of and how.of != hit.name:
        raise Unknown(f"{how.name} is nothing that {hit.name} can do: say V={how.of} F={how.name}.")
    if how.of and seconds is not None:
        raise Unknown(f"AWAY={seconds:g} says how long a victim stays away; {how.name} leaves none away: leave it out.")
    usual = hit.away if hit.away and how.name in ("kill", "stop") else how.seconds
    return Drill(hit, how, usual if seconds is None else seconds, runs or 1)


TABLES = {"victim": VICTIMS, "fault": FAULTS}


def named(what: str, name: str) -> Victim | Fault:
    found = next((row for row in TABLES[what] if row.name == name), None)
    if found is None:
        example = f"{what[0].upper()}={TABLES[what][0].name}"
        said = f"there is no {what} '{name}'" if name else f"say which {what}, for example {example}"
        raise Unknown(f"{said}. {listed(what)}")
    return found


def listed(what: str) -> str:
    return f"The {what}s: {', '.join(row.name for row in TABLES[what])}."


def every() -> list[Drill]:
    fits = ((victim.name, fault.name) for victim in VICTIMS for fault in FAULTS if fault.of in (None, victim.name))
    return [drill(*pair, runs=RUNS.get(pair)) for pair in fits]


def short() -> list[Drill]:
    return [replace(drill(victim, fault, seconds=away), late=CI_LATE) for victim, fault, away in CI]


SETS = {"all": every, "ci": short}


def drills(name: str) -> list[Drill]:
    if name not in SETS:
        raise Unknown(f"there is no set '{name}'. The sets: {', '.join(SETS)}.")
    return SETS[name]()


def stands_for(victim: Victim, service: str) -> bool:
    return re.fullmatch(victim.services, service) is not None
