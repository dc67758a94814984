"""Kill one container of each kind under load: nobody notices. 20 requests a second, 30 % writes, no client retry.

The victim is killed as if its machine went (SIGKILL), started again after the load, and full redundancy waited for.
"""

import json
import time

import pytest
from stack.engine import docker, inside, one, question
from stack.servers import in_rotation, make_whole, standby

from tests.stack.drill import Drill, assert_unharmed


def redis_master() -> str:
    return question("redis_master").strip()


def redis_replica() -> str:
    return question("redis_replica").strip()


def etcd_leader() -> str:
    """The member whose loss costs an election."""
    members = json.loads(inside("etcd-1", "etcdctl", "member", "list", "-w", "json"))["members"]
    status = json.loads(inside("etcd-1", "etcdctl", "endpoint", "status", "--cluster", "-w", "json"))
    leader = status[0]["Status"]["leader"]
    return next(member["name"] for member in members if member["ID"] == leader)


VICTIMS = {
    "web": lambda: "web",
    "haproxy": lambda: "haproxy-1",
    "pgbouncer": lambda: "pgbouncer-1",
    "standby": standby,
    "etcd leader": etcd_leader,
    "cache": lambda: "cache-2",
    "redis master": redis_master,
    "redis replica": redis_replica,
    "sentinel": lambda: "sentinel-3",
}


@pytest.fixture
def start_again():
    yield
    make_whole()


@pytest.mark.parametrize("role", VICTIMS)
def test_killing_one_container_fails_no_request(role, traffic, start_again):
    def kill(victim):
        docker("kill", victim.id)

    figures = Drill(f"kill {role}", traffic).run(kill, lambda: one(VICTIMS[role]()))
    assert_unharmed(figures)
    assert figures["write"]["gap"] < 2, "writes stood still"


def test_a_killed_replica_leaves_the_rotation_within_two_seconds(edge, start_again):
    """Seen from outside: two seconds after the kill nothing is answered late any more."""
    victim = one("web")
    docker("kill", victim.id)
    time.sleep(2)
    assert in_rotation(2)


def test_figures_are_kept_for_the_report():
    from tests.stack.drill import FIGURES

    assert FIGURES.exists()
