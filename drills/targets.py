"""What each drill has to reach: the table of guarantees as data, one line a row.

A row holds for each of its victims under each of its faults; a pair without a row is an error, never a pass. `None`
says "reported, not judged". Gaps count from the moment of the fault, what ends in `after` from its undoing: to the
first good answer (`back_after`), the first good write (`write_back_after`), full redundancy (`whole_after`), the end of
the last order that was placed before it (`orders_ended_after`). `orders_delayed`: from placing an order to its end.
Every run is held against each limit; a median against its own, where there are runs enough to have one.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a figure. A figure that could not be measured (None) never holds."""

    most: float
    unit: str = ""
    strict: bool = False

    def holds(self, figure: float | None) -> bool:
        return figure is not None and (figure < self.most if self.strict else figure <= self.most)

    def __str__(self) -> str:
        sign = "<" if self.strict else "≤"
        return f"{sign} {self.most:g} {self.unit}" if self.unit else f"{self.most:g}"


def under(seconds: float) -> Limit:
    return Limit(seconds, "s", strict=True)


def within(seconds: float) -> Limit:
    return Limit(seconds, "s")


NONE = Limit(0)
UNINTERRUPTED = under(2)
WHOLE = within(120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The limits of one row; those with a default are the promises that every row makes."""

    failed: Limit | None = NONE
    write_gap: Limit | None = UNINTERRUPTED
    write_gap_median: Limit | None = None
    read_gap: Limit | None = UNINTERRUPTED
    back_after: Limit | None = None
    write_back_after: Limit | None = None
    failovers: Limit | None = None
    lost: Limit = NONE
    twice: Limit = NONE
    unseen: Limit = NONE
    whole_after: Limit = WHOLE
    operator: Limit = NONE
    orders_lost: Limit = NONE
    orders_twice: Limit = NONE
    orders_stuck: Limit = NONE
    stock_off: Limit = NONE
    shop_off: Limit = NONE
    orders_delayed: Limit | None = None
    orders_ended_after: Limit | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`early`: the limits where a dead leader's lease is released early (decision 0028), if they are others."""

    victims: tuple[str, ...]
    faults: tuple[str, ...]
    targets: Targets
    early: Targets | None = None


# How late the load of a drill may start, p99, in seconds: half of what lies between two of its requests. A load test
# judges milliseconds and allows 5; here seconds are judged, and a late start can only lengthen what was measured.
LATE_START = 0.025
# While thirty containers end and start at once the kernel is late with everything, and tens of seconds are judged. In
# an overload the load is late because as many requests as it may hold wait for their answer; nothing of that is timed.
LATE = {("stack", "stop"): 0.05, ("stack", "kill"): 0.05, ("stack", "starve"): 60}


def late(victim: str, fault: str) -> float:
    return LATE.get((victim, fault), LATE_START)


UNJUDGED = Targets(failed=None, write_gap=None, read_gap=None)
STACK = ("stack",)
HARM = ("kill", "stop", "pause", "cut")
PRIMARY = ("postgres-primary",)
AT_ONCE = ("postgres-primary+etcd", "postgres-primary+haproxy", "postgres-primary+redis-master")
SINGLES = (
    "web", "gateway", "users", "products", "orders", "web-worker", "users-worker", "products-worker", "orders-worker",
    "relay", "haproxy", "pgbouncer", "etcd", "sentinel", "cache", "postgres-standby",
)  # fmt: skip
OPERATIONS = (
    "prometheus", "grafana", "nginx-exporter", "postgres-exporter", "pgbouncer-exporter", "redis-exporter",
)  # fmt: skip

ROWS = (
    Row(PRIMARY, ("kill",), Targets(write_gap=within(24)), Targets(write_gap=within(6), write_gap_median=within(4.5))),
    Row(PRIMARY, ("pause", "cut"), Targets(write_gap=within(24)), Targets(write_gap=within(8))),
    Row(PRIMARY, ("stop", "restart"), Targets(write_gap=within(5)), Targets(write_gap=within(3))),
    Row(PRIMARY, ("switchover",), Targets(write_gap=within(3))),
    # Off, nobody takes over from a primary that has its lease and no voter: writes wait until it is over.
    Row(PRIMARY, ("cut-voters", "cut-peers"), Targets(failed=None, write_gap=None), Targets(write_gap=within(8))),
    # The other voter confirms; and in failsafe mode a primary that reaches both others stays, etcd or not.
    Row(PRIMARY, ("cut-voter", "cut-etcd"), Targets(failovers=NONE)),
    Row(PRIMARY, ("slow",), Targets(write_gap=under(3), failovers=NONE)),
    Row(PRIMARY, ("fill",), Targets(write_gap=within(24))),
    # Another failover beside the primary's: two seconds more.
    Row(AT_ONCE, ("kill",), Targets(write_gap=within(26)), Targets(write_gap=within(8))),
    Row(SINGLES, HARM, Targets()),
    Row(("web",), ("rolling",), Targets()),
    # Pages and API go on without it; what it carried is sent again.
    Row(("redis-master",), HARM, Targets(orders_delayed=within(10))),
    Row(("redis-replica",), HARM, Targets()),
    Row(("redis",), ("wipe",), Targets(orders_ended_after=within(60))),
    Row(("nginx",), HARM, replace(UNJUDGED, back_after=within(2))),
    Row(OPERATIONS, HARM, Targets()),
    # A start of everything: the cold start of a host. While nothing runs, nothing can be answered.
    Row(STACK, ("stop", "kill"), replace(UNJUDGED, write_back_after=within(60), whole_after=within(180))),
    # Overload and starvation may cost requests, never a leader that lives.
    Row(STACK, ("starve",), replace(UNJUDGED, failovers=NONE, whole_after=within(180))),
)


def of(victim: str, fault: str, *, early=False) -> Targets:
    """-> the limits for this drill; LookupError when the table has none."""
    for row in ROWS:
        if victim in row.victims and fault in row.faults:
            return row.early if early and row.early else row.targets
    raise LookupError(f"there is no target for {victim} {fault}; add it to ROWS in drills/targets.py")
