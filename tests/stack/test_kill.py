"""Kill one container of each kind under load: nobody notices. 20 requests a second, 30 % writes, no client retry.

The victim is killed as if its machine went (SIGKILL), started again after the load, and full redundancy waited for.
"""

import time

import pytest

from tests.stack.drill import Drill, assert_unharmed
from tests.stack.engine import containers, docker, one, question
from tests.stack.servers import in_rotation, standby, wait_until_whole


def redis_master() -> str:
    return question("redis_master").strip()


VICTIMS = {
    "web": lambda: "web",
    "haproxy": lambda: "haproxy-1",
    "pgbouncer": lambda: "pgbouncer-1",
    "standby": standby,
    "etcd": lambda: "etcd-1",
    "cache": lambda: "cache-2",
    "redis master": redis_master,
    "sentinel": lambda: "sentinel-3",
}


@pytest.fixture
def start_again():
    """Starts whatever the test left dead, and waits until the stack is whole for the next one."""
    yield
    dead = [c.id for c in containers(stopped=True) if c.state == "exited" and not is_job(c.service)]
    if dead:
        docker("start", *dead)
    wait_until_whole()


def is_job(service: str) -> bool:
    return service in {"certs", "postgres-init", "web-migrate", "seed"}


@pytest.mark.parametrize("role", VICTIMS)
def test_killing_one_container_fails_no_request(role, traffic, start_again):
    victim = one(VICTIMS[role]())
    figures = Drill(f"kill {role}", traffic).run(lambda: docker("kill", victim.id))
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
