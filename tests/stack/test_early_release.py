"""The early release as the stack has it, turned off (docs/decisions/0028), and its fence on a real Postgres.

Its rounds and its rules are tested without a stack: postgres/tests/test_lease_*.py.
"""

import time

import pytest
from stack import direct
from stack.engine import inside
from stack.servers import get, sql, until, value
from stack.whole import wait_until_whole

LOOP = 10  # seconds, of Patroni (postgres/dcs.yml)
PATRONIS = "/data/pg/postgresql.conf"
PORT = 8009
# Of the one process in the container whose command line ends so.
END = """
import os, pathlib, signal
for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if path.read_bytes().endswith(b"-m\\0lease\\0"):
        os.kill(int(path.parent.name), signal.SIGTERM)
        print(path.parent.name)
"""


def figures(node: str) -> dict[str, float]:
    direct.join("db")
    lines = get(f"http://{direct.POSTGRES[node]}:{PORT}/metrics").splitlines()
    return {name: float(number) for name, number in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


@pytest.mark.parametrize("node", direct.POSTGRES)
def test_each_nodes_program_runs_and_is_turned_off(node):
    seen = until(lambda: figures(node), 10, f"the metrics of {node}'s program")
    assert seen["flotilla_lease_enabled"] == 0
    assert seen["flotilla_lease_fenced"] == 0
    assert seen['flotilla_lease_steps_total{step="released"}'] == 0


# -- The fence ---------------------------------------------------------------------------------------------------------


def ask(node: str, call: str) -> str:
    return inside(node, "python3", "-c", f"from lease.server import Server; print(Server().{call})").strip()


def receivers(node: str) -> int:
    """Also one that is still connecting."""
    return int(value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walreceiver'", node=node))


def streams(node: str) -> bool:
    return sql("SELECT status FROM pg_stat_wal_receiver", node=node) == [["streaming"]]


def written(node: str) -> str:
    return inside(node, "stat", "-c", "%y", PATRONIS)


@pytest.fixture(scope="module")
def node():
    """A standby; the stack is whole again at the end, whatever became of the fence."""
    standby = direct.postgres_standby()
    assert standby
    yield standby
    ask(standby, "lift()")
    wait_until_whole()


def fence(node: str) -> None:
    until(lambda: ask(node, "fence()") == "True", 10, "a fence in force")
    assert receivers(node) == 0


def test_a_fence_is_in_force_only_when_the_startup_process_is_seen_between_two_attempts(node):
    replay = ("psql", "-h", "/run/postgresql", "-U", "postgres", "-qtAc")
    inside(node, *replay, "SELECT pg_wal_replay_pause()")
    try:
        assert ask(node, "fence()") == "False"
    finally:
        inside(node, *replay, "SELECT pg_wal_replay_resume()")
    fence(node)
    ask(node, "lift()")
    until(lambda: streams(node), 10, "it streams again")


def test_a_fence_outlives_what_patroni_writes_and_can_be_lifted(node):
    fence(node)
    before = written(node)
    inside(node, "patronictl", "reload", "flotilla", node, "--force")
    until(lambda: written(node) != before, LOOP + 5, "Patroni has written its settings")
    time.sleep(1)  # it opens its own file first, and tidies Postgres' afterwards
    assert "is_fenced=True" in ask(node, "own()")
    assert receivers(node) == 0
    ask(node, "lift()")
    until(lambda: streams(node), 10, "it streams again")
    assert "is_fenced=False" in ask(node, "own()")


def test_a_program_that_starts_lifts_the_fence_that_it_finds(node):
    fence(node)
    assert len(inside(node, "python3", "-c", END).split()) == 1
    until(lambda: streams(node), 15, "the program has been started again, and the node streams")
    until(lambda: figures(node)["flotilla_lease_fenced"] == 0, 5, "its metrics say so")
    assert figures(node)['flotilla_lease_steps_total{step="withdrew"}'] >= 1
