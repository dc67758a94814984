"""The Postgres primary killed, stopped, switched over: writes wait and go on, reads never stop, nothing is lost.

Five writes a second, as the guarantee says: 30 % of 17 requests.
"""

import pytest
from stack.engine import docker, one, run
from stack.servers import make_whole, primary

from tests.stack.drill import Drill, assert_unharmed

RATE, WRITE_SHARE = 17, 0.3


@pytest.fixture
def whole_again():
    yield
    make_whole()


def drill(name, traffic, after):
    return Drill(name, traffic, after=after, rate=RATE, write_share=WRITE_SHARE)


def the_primary():
    return one(primary())


def stop(victim):
    docker("stop", victim.id)


def kill(victim):
    docker("kill", victim.id)


def test_switchover(traffic, whole_again):
    before = primary()
    figures = drill("switchover", traffic, 12).run(lambda _: run("make", "-s", "switchover", timeout=60))
    assert primary() != before
    assert_unharmed(figures)
    assert figures["write"]["gap"] <= 3


def test_primary_stopped(traffic, whole_again):
    """`docker stop`: the node hands over before it goes."""
    figures = drill("primary stopped", traffic, 15).run(stop, the_primary)
    assert_unharmed(figures)
    assert figures["write"]["gap"] <= 5


def test_primary_killed(traffic, whole_again):
    """The lease must run out: up to 20 s. Meanwhile some hundred writes wait, and readers must not feel it."""
    figures = drill("primary killed", traffic, 32).run(kill, the_primary)
    assert_unharmed(figures)
    assert figures["write"]["gap"] <= 24
