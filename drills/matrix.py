"""What may be hit, and how: a victim or a fault more is one line here, and a row of targets in drills/targets.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from stack import direct

from drills import cores, disk, faults, network, relay, targets, wipe

HARM = ("kill", "stop", "pause", "cut")
NETWORK = ("cut-voters", "cut-voter", "cut-etcd", "cut-peers", "slow")  # that fail in part
POSTGRES = r"postgres-\d"


def never(_: tuple) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Victim:
    """`services`: a regular expression of the compose services it stands for; the first running container is hit, or,
    where the role moves, the one that `role()` names at that moment: by its service, or by its own name. `away`:
    seconds dead, unless the fault's own. `faults`: those that fit it. `also`: victims that are hit at the same moment.
    `every`: all that run are hit. `lacks`: as of a fault."""

    name: str
    services: str
    role: Callable[[], str] | None = None
    away: float | None = None
    faults: tuple[str, ...] = HARM
    also: tuple[str, ...] = ()
    every: bool = False
    lacks: Callable = never


@dataclass(frozen=True, slots=True)
class Fault:
    """`act` breaks, `seconds` is how long it stays so; `done` is how a person says it, `says` what it is. One of no
    seconds undoes itself, and all containers of its victim take part. `mend`: what undoing takes beyond the containers
    (drills/undo.py). `lacks`: given the victim's containers, a sentence when it cannot be on this stack. `load`: times
    the usual one; it is part of the fault, and ends with it. `small`: measured on small disks, as no other fault.
    `prepare`: given the victims and the folder of the load, what comes before the fault -> in words, what was done."""

    name: str
    act: Callable
    done: str
    says: str
    seconds: float = 0
    mend: str = ""
    lacks: Callable = never
    load: float = 1
    small: bool = False
    prepare: Callable | None = None

    @property
    def lasts(self) -> bool:
        return self.seconds > 0


def with_primary(other: str) -> Victim:
    """Two at once: whoever leads Postgres, and another victim."""
    of = f"postgres-primary+{other}"
    return Victim(of, POSTGRES, direct.postgres_primary, away=30, faults=("kill",), also=(other,))


VICTIMS = (
    Victim("nginx", "nginx"),
    Victim("haproxy", r"haproxy-\d"),
    Victim("web", "web", faults=(*HARM, "rolling")),
    Victim("gateway", "gateway"),
    Victim("users", "users"),
    Victim("products", "products"),
    Victim("orders", "orders"),
    Victim("web-worker", "web-worker"),
    Victim("users-worker", "users-worker"),
    Victim("products-worker", "products-worker"),
    Victim("orders-worker", "orders-worker"),
    Victim("relay", relay.SERVICE, relay.holder),
    Victim("pgbouncer", r"pgbouncer-\d"),
    # Longer away than its lease lasts: the others must manage without it.
    Victim(
        "postgres-primary",
        POSTGRES,
        direct.postgres_primary,
        away=30,
        faults=(*HARM, "restart", "switchover", *NETWORK, "fill"),
    ),
    Victim("postgres-standby", POSTGRES, direct.postgres_standby),
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
    with_primary("etcd"),
    with_primary("haproxy"),
    with_primary("redis-master"),
    # The broker as a whole, and who must not have taken what it carries by then.
    Victim("redis", f"{wipe.SERVERS}|{wipe.CONSUMERS}", faults=("wipe",), every=True),
    # What was running, and all at once: no order, as an engine has none when its machine goes and comes.
    Victim("stack", ".*", faults=("stop", "kill", "starve"), every=True, lacks=disk.forgets),
)


def cut_from(name: str, act: Callable, whom: str) -> Fault:
    """A network that fails in part."""
    says = f"packets to and from {whom} vanish, and only those"
    return Fault(name, act, f"cut off from {whom}", says, 60, mend="network", lacks=network.lacks)


SLOW = (
    f"every connection to it is reset once, then {network.DELAY * 1000:g} ms late in each direction; "
    f"{network.LOSS * 100:g} % of its packets are lost"
)
FULL = "its disk is filled to the last byte, and kept so (only where its volume is small: `SMALL_DISKS=1 make up`)"
WIPED = (
    f"{wipe.IN_FLIGHT:,} orders are placed while nobody takes their events; then Redis is flushed, its data nodes and"
    " Sentinels are killed at once, and their volumes emptied"
)
STARVED = (
    f"{cores.LOOPS} busy loops a core beside it, with the CPU shares of its heaviest container, under 4 times the load"
)

FAULTS = (
    Fault("kill", faults.kill, "killed", "SIGKILL, as if its machine had gone", 10),
    Fault("stop", faults.stop, "stopped", "asked to end, within its own grace period", 10),
    Fault("pause", faults.pause, "paused", "frozen: it accepts connections and answers nothing", 60),
    Fault("cut", faults.cut, "cut off from its networks", "off every network, while it goes on running", 60),
    Fault("switchover", faults.switchover, "handed over", "planned work: the primary hands over to a standby"),
    Fault("restart", faults.restart, "restarted", "asked to end, and started again at once"),
    Fault("rolling", faults.rolling, "restarted, one replica after the other", "a new release, replica by replica"),
    cut_from("cut-voters", network.cut_voters, "both other Postgres nodes"),
    cut_from("cut-voter", network.cut_voter, "one of the other Postgres nodes"),
    cut_from("cut-etcd", network.cut_etcd, "all etcd members"),
    cut_from("cut-peers", network.cut_peers, "both other Postgres nodes and all etcd members"),
    Fault("fill", disk.fill, "without room on its disk", FULL, 30, mend="disk", lacks=disk.lacks, small=True),
    Fault("wipe", wipe.wipe, "wiped", WIPED, 5, prepare=wipe.crowd),
    Fault("starve", cores.starve, "starved", STARVED, 300, mend="cores", load=4),
    Fault("slow", network.slow, "slow to reach", SLOW, 60, mend="network", lacks=network.lacks),
)

# Runs of a cell, where one would say too little: a failover's time depends on where in its lease the primary dies.
RUNS = {
    ("postgres-primary", "kill"): 10, ("postgres-primary", "stop"): 10,
    ("postgres-primary", "pause"): 3, ("postgres-primary", "cut"): 3,
}  # fmt: skip

# What `make test` runs, in some eight minutes: (victim, fault, seconds away or None for the usual ones), each once.
CI = (
    ("web", "kill", 5),
    ("haproxy", "kill", 5),
    ("pgbouncer", "kill", 5),
    ("etcd", "kill", 5),
    ("redis-master", "kill", 5),
    ("orders", "kill", 5),
    ("products-worker", "kill", 5),
    ("postgres-standby", "pause", 5),
    ("postgres-primary", "switchover", None),
    ("postgres-primary", "stop", 10),
    ("postgres-primary", "kill", 25),
)


# How late their load may start, p99, in seconds. Four times what a figure allows: on a busy machine that still tells
# whether a gap of seconds was kept. Such runs never become figures (drills/store.py).
CI_LATE = 0.1
CI_SLACK = 2  # times the seconds that a figure may take


class Unknown(ValueError):
    """There is no such victim, fault, set or pair; says what there is."""


@dataclass(frozen=True, slots=True)
class Drill:
    """`seconds`: how long the victim stays away; `late`: how late its load may start, p99, in seconds."""

    victim: Victim
    fault: Fault
    seconds: float
    runs: int = 1
    late: float = targets.LATE_START

    def __str__(self) -> str:
        return f"{self.victim.name} {self.fault.name}"


def drill(victim: str, fault: str, *, seconds: float | None = None, runs: int | None = None) -> Drill:
    """The pair of these names; Unknown when there is none."""
    if not victim and not fault:
        lists = "\n".join([listed("victim"), listed("fault"), *others()])
        raise Unknown(f"say what to hit and how, for example V=web F=kill.\n{lists}")
    hit, how = named("victim", victim), named("fault", fault)
    if how.name not in hit.faults:
        whose = fits(how)[0]
        fit = " or ".join(hit.faults)
        raise Unknown(f"{how.name} does not fit {hit.name}: say V={whose} F={how.name}, or F={fit}.")
    if not how.lasts and seconds is not None:
        raise Unknown(f"AWAY={seconds:g} says how long a victim stays away; {how.name} leaves none away: leave it out.")
    late = targets.late(hit.name, how.name)
    usual = hit.away if hit.away and how.name in ("kill", "stop") else how.seconds
    return Drill(hit, how, usual if seconds is None else seconds, runs or 1, late)


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


def others() -> list[str]:
    """Which victims take other faults than most do."""
    return [f"{one.name} takes {', '.join(one.faults)}." for one in VICTIMS if one.faults != HARM]


def fits(fault: Fault) -> list[str]:
    return [victim.name for victim in VICTIMS if fault.name in victim.faults]


def every() -> list[Drill]:
    pairs = [(victim.name, fault) for victim in VICTIMS for fault in victim.faults]
    return [drill(*pair, runs=RUNS.get(pair)) for pair in pairs]


def short() -> list[Drill]:
    return [replace(drill(victim, fault, seconds=away), late=CI_LATE) for victim, fault, away in CI]


SETS = {"all": every, "ci": short}


def drills(name: str) -> list[Drill]:
    if name not in SETS:
        raise Unknown(f"there is no set '{name}'. The sets: {', '.join(SETS)}.")
    return SETS[name]()


def stands_for(victim: Victim, service: str) -> bool:
    return re.fullmatch(victim.services, service) is not None
