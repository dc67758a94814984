"""The early release as the stack has it (docs/decisions/0028), and its fence on a real Postgres.

Its rounds and its rules are tested without a stack: postgres/tests/test_lease_*.py.
"""

import time

import pytest
from stack import direct
from stack.engine import docker, inside, one
from stack.servers import get, sql, until, value
from stack.whole import make_whole, wait_until_whole

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
def test_each_nodes_program_runs_and_may_release(node):
    seen = until(lambda: figures(node), 10, f"the metrics of {node}'s program")
    assert seen["flotilla_lease_enabled"] == 1
    assert seen["flotilla_lease_fenced"] == 0


@pytest.mark.parametrize("node", direct.POSTGRES)
def test_each_node_says_what_room_it_has(node):
    """The others ask for it before they leave it the lead (docs/decisions/0037)."""
    seen = figures(node)
    assert seen["flotilla_room_free_bytes"] >= seen["flotilla_room_needed_bytes"] > 0
    assert seen["flotilla_room_free_bytes"] <= seen["flotilla_room_size_bytes"]
    assert seen["flotilla_room_waiting"] == 0


# -- A release ---------------------------------------------------------------------------------------------------------

LOOK = 6  # seconds until each program has looked again at who leads, and by which settings


def released(*nodes: str) -> int:
    return sum(int(figures(node)['flotilla_lease_steps_total{step="released"}']) for node in nodes)


@pytest.fixture
def reign():
    """-> the primary of a leadership that all know of, and its standbys; the stack is whole again at the end."""
    wait_until_whole()
    time.sleep(LOOK)
    leader = direct.postgres_primary()
    yield leader, [node for node in direct.POSTGRES if node != leader]
    make_whole()


def test_the_lease_of_a_killed_primary_is_released_by_one_of_its_voters(reign):
    leader, voters = reign
    before = released(*voters)
    docker("kill", one(leader).id)
    until(lambda: direct.postgres_primary() in voters, 60, "a voter is primary")
    assert released(*voters) == before + 1
    until(lambda: all(figures(node)["flotilla_lease_fenced"] == 0 for node in voters), 15, "no fence is left")


def test_a_primary_that_wakes_after_the_release_finds_another_and_follows_it(reign):
    """Its own idea of its lease still holds for seconds: the key's watch must tell it."""
    leader, voters = reign
    before = released(*voters)
    docker("pause", one(leader).id)
    until(lambda: direct.postgres_primary() in voters, 60, "a voter is primary", every=0.1)
    docker("unpause", one(leader).id)
    assert released(*voters) == before + 1
    until(lambda: sql("SELECT pg_is_in_recovery()", node=leader) == [["t"]], 60, "the old primary is a standby")
    until(lambda: streams(leader), 60, "it streams from the new one")


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
