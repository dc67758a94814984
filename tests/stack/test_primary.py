"""The Postgres primary killed, stopped, switched over: writes wait and go on, reads never stop, nothing is lost.

Five writes a second, as the guarantee says: 30 % of 17 requests.
"""

import pytest

from tests.stack.drill import Drill, assert_unharmed
from tests.stack.engine import docker, one, run
from tests.stack.servers import primary, wait_until_whole

RATE, WRITE_SHARE = 17, 0.3


@pytest.fixture
def whole_again():
    yield
    wait_until_whole()


def drill(name, traffic, after):
    return Drill(name, traffic, after=after, rate=RATE, write_share=WRITE_SHARE)


def test_switchover(traffic, whole_again):
    before = primary()
    figures = drill("switchover", traffic, 12).run(lambda: run("make", "-s", "switchover", timeout=60))
    assert primary() != before
    assert_unharmed(figures)
    assert figures["write"]["gap"] <= 3
    assert figures["read"]["gap"] < 2


def test_primary_stopped(traffic, whole_again):
    """`docker stop`: the node hands over before it goes."""
    victim = one(primary())
    try:
        figures = drill("primary stopped", traffic, 15).run(lambda: docker("stop", victim.id))
    finally:
        docker("start", victim.id)
    assert_unharmed(figures)
    assert figures["write"]["gap"] <= 5
    assert figures["read"]["gap"] < 2


def test_primary_killed(traffic, whole_again):
    """The lease must run out: up to 20 s. Meanwhile some hundred writes wait, and readers must not feel it."""
    victim = one(primary())
    try:
        figures = drill("primary killed", traffic, 32).run(lambda: docker("kill", victim.id))
    finally:
        docker("start", victim.id)
    assert_unharmed(figures)
    assert figures["write"]["gap"] <= 24
    assert figures["read"]["gap"] < 2
