"""What a kill must do at once, seen from outside; what it does to clients is for the drills (drills/matrix.py)."""

import time

import pytest
from stack.engine import docker, one
from stack.servers import in_rotation
from stack.whole import make_whole


@pytest.fixture
def start_again():
    yield
    make_whole()


def test_a_killed_replica_leaves_the_rotation_within_two_seconds(start_again):
    docker("kill", one("web").id)
    time.sleep(2)
    assert in_rotation(2)
