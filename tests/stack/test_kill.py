"""What a kill must do, seen from outside; how fast, and what clients see, is for the drills (drills/matrix.py)."""

import pytest
from stack import direct
from stack.engine import docker, inside, one
from stack.servers import HAPROXIES, haproxy_stats, in_rotation, primary, sql, until
from stack.whole import make_whole


@pytest.fixture
def start_again():
    yield
    make_whole()


def test_a_killed_replica_leaves_the_rotation_by_itself(start_again):
    docker("kill", one("web").id)
    until(lambda: in_rotation(2), 6, "two replicas at both balancers", every=0.2)


def write_log(megabytes: int) -> None:
    one_each = "pg_logical_emit_message(false, 'test', repeat('x', 1048576))"
    sql(f"SELECT count({one_each}) FROM generate_series(1, {megabytes})")


def test_a_killed_primary_comes_back_though_much_log_was_written_since_its_last_checkpoint(start_again):
    """It is rewound to that checkpoint, and needs all log from there on: no slot keeps it, only wal_keep_size does."""
    sql("CHECKPOINT")
    write_log(100)
    victim = primary()
    docker("kill", one(victim).id)
    until(lambda: direct.postgres_primary() not in ("", victim), 60, "another primary")
    write_log(150)
    for _ in range(2):  # what nobody needs by then is removed
        sql("CHECKPOINT")
    make_whole()


# Patroni stops in its tracks, and Postgres ends with its sessions, as at a hand-over.
END_UNTOLD = """
import os, pathlib, signal
for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if path.read_bytes().endswith(b"patroni.yml\\0"):
        os.kill(int(path.parent.name), signal.SIGSTOP)
        print(path.parent.name)
os.kill(int(pathlib.Path("/data/pg/postmaster.pid").read_text().split()[0]), signal.SIGINT)
"""


def at_haproxy(name: str, node: str) -> str:
    rows = (row for row in haproxy_stats(name) if (row["pxname"], row["svname"]) == ("postgres_primary", node))
    return next(rows)["status"]


def test_a_primary_that_ends_is_down_at_both_balancers_before_its_patroni_can_say_so(start_again):
    """By checks alone it would be so after three that find no answer, of a second each."""
    leader = primary()
    patroni = inside(leader, "python3", "-c", END_UNTOLD).strip()
    try:
        told = {"DOWN (agent)"}
        until(lambda: {at_haproxy(name, leader) for name in HAPROXIES} == told, 3, "down by its agent", every=0.05)
    finally:
        inside(leader, "kill", "-CONT", patroni)
    make_whole()
    until(lambda: told.isdisjoint(at_haproxy(name, leader) for name in HAPROXIES), 5, "its agent says that it is there")
