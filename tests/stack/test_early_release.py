"""The early release as the stack has it (docs/decisions/0028), and its fence on a real Postgres.

Its rounds and its rules are tested without a stack: postgres/tests/test_lease_*.py.
"""

import time
from collections.abc import Callable

import pytest
from stack import direct
from stack.engine import docker, inside, logs, one
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


def patiently(node: str) -> dict[str, float]:
    """Just after a failover its program has more to do than to answer."""
    return until(lambda: figures(node), 10, f"the metrics of {node}'s program")


def steps(node: str, *names: str) -> int:
    seen = patiently(node)
    return sum(int(seen[f'flotilla_lease_steps_total{{step="{name}"}}']) for name in names)


@pytest.mark.parametrize("node", direct.POSTGRES)
def test_each_nodes_program_runs_and_may_release(node):
    seen = patiently(node)
    assert seen["flotilla_lease_enabled"] == 1
    assert seen["flotilla_lease_fenced"] == 0


@pytest.mark.parametrize("node", direct.POSTGRES)
def test_each_node_says_what_room_it_has(node):
    """The others ask for it before they leave it the lead (docs/decisions/0037)."""
    seen = patiently(node)
    assert seen["flotilla_room_free_bytes"] >= seen["flotilla_room_needed_bytes"] > 0
    assert seen["flotilla_room_free_bytes"] <= seen["flotilla_room_size_bytes"]
    assert seen["flotilla_room_waiting"] == 0


# -- A release ---------------------------------------------------------------------------------------------------------

LOOK = 6  # seconds until each program has looked again at who leads, and by which settings
LATE = '"reason": "this node was late itself"'  # as a round says it (postgres/lease/decision.py)


@pytest.fixture
def again():
    yield
    make_whole()


def reign() -> tuple[str, list[str]]:
    """The primary of a leadership that all know of, and its standbys."""
    wait_until_whole()
    time.sleep(LOOK)
    leader = direct.postgres_primary()
    return leader, [node for node in direct.POSTGRES if node != leader]


def after_a_release(fault: Callable[[str, list[str]], None]) -> tuple[str, list[str]]:
    """The old leader and its voters, of which one has released its lease: `fault(leader, voters)` has made it primary.

    A voter whose round was late, on a busy machine, rightly leaves it to Patroni's clock: then it is tried once more.
    """
    for _ in range(2):
        leader, voters = reign()
        before, since = released(voters), int(time.time())
        fault(leader, voters)
        count = released(voters) - before
        if count or not any(LATE in logs(node, str(since)) for node in voters):
            break
        make_whole()
    assert count == 1
    return leader, voters


def released(voters: list[str]) -> int:
    return sum(steps(node, "released") for node in voters)


def kill(leader: str, voters: list[str]) -> None:
    docker("kill", one(leader).id)
    until(lambda: direct.postgres_primary() in voters, 60, "a voter is primary")


def pause(leader: str, voters: list[str]) -> None:
    """And wake it as soon as there is another."""
    docker("pause", one(leader).id)
    until(lambda: direct.postgres_primary() in voters, 60, "a voter is primary", every=0.1)
    docker("unpause", one(leader).id)


def test_the_lease_of_a_killed_primary_is_released_by_one_of_its_voters(again):
    _, voters = after_a_release(kill)
    until(lambda: all(figures(node)["flotilla_lease_fenced"] == 0 for node in voters), 15, "no fence is left")
    assert all(patiently(node)['flotilla_lease_reasons_total{reason="the leader is silent"}'] >= 1 for node in voters)


def test_a_primary_that_wakes_after_the_release_finds_another_and_follows_it(again):
    """Its own idea of its lease still holds for seconds: the key's watch must tell it."""
    leader, _ = after_a_release(pause)
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


def opened(node: str) -> int:
    """How often its own program has opened a fence: one that was set here too, when the leader's answer comes late."""
    return steps(node, "withdrew", "lifted")


def fenced_through_a_reload(node: str) -> tuple[str, int]:
    """What the node says of itself, and its receivers, when Patroni has written its settings behind a fence."""
    fence(node)
    before = written(node)
    inside(node, "patronictl", "reload", "flotilla", node, "--force")
    until(lambda: written(node) != before, LOOP + 5, "Patroni has written its settings")
    time.sleep(1)  # it opens its own file first, and tidies Postgres' afterwards
    return ask(node, "own()"), receivers(node)


def test_a_fence_outlives_what_patroni_writes_and_can_be_lifted(node):
    for _ in range(2):
        before = opened(node)
        own, received = fenced_through_a_reload(node)
        if opened(node) == before:
            break
    assert "is_fenced=True" in own
    assert received == 0
    ask(node, "lift()")
    until(lambda: streams(node), 10, "it streams again")
    assert "is_fenced=False" in ask(node, "own()")


def test_a_program_that_starts_lifts_the_fence_that_it_finds(node):
    fence(node)
    assert len(inside(node, "python3", "-c", END).split()) == 1
    until(lambda: streams(node), 15, "the program has been started again, and the node streams")
    until(lambda: figures(node)["flotilla_lease_fenced"] == 0, 5, "its metrics say so")
    assert steps(node, "withdrew") >= 1
