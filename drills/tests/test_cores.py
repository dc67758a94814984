"""The loops beside the stack: as many and as weighty as said, and gone when it is over."""

import pytest
from stack.engine import Container

from drills import cores, undo
from drills.tests.engine import Engine
from drills.undo import Journal

SHARES = {"nginx": 16384, "web": 0, "cache": 1024}


@pytest.fixture
def done(monkeypatch) -> list[tuple]:
    found: list[tuple] = []
    monkeypatch.setattr(cores, "api", lambda path: {"HostConfig": {"CpuShares": SHARES[path.split("/")[2]]}})
    monkeypatch.setattr(cores, "post", lambda path, body: found.append((path, body)))
    monkeypatch.setattr(cores.aside, "start", lambda name, command, **how: found.append((name, command[-1], how)))
    monkeypatch.setattr(cores.aside, "remove", lambda name: found.append((name, "removed")))
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 2)
    return found


def victims(*names: str) -> list[Container]:
    return [Container(name, 1, name, "running", name) for name in names]


def test_the_loops_count_as_much_as_the_heaviest_victim_and_are_four_a_core(done):
    cores.starve(victims("web", "nginx", "cache"))
    assert done[-1] == ("hog", "8", {"CpuShares": 16384})


def test_one_that_says_nothing_of_its_shares_has_the_usual_ones(done):
    cores.starve(victims("web"))
    assert done[-1][2] == {"CpuShares": 1024}


def test_the_drill_s_own_container_is_not_starved(done, monkeypatch):
    monkeypatch.setattr(cores.Path, "exists", lambda _: True)
    monkeypatch.setattr(cores.socket, "gethostname", lambda: "mine")
    cores.starve(victims("web"))
    assert done[0] == ("/containers/mine/update", {"CpuShares": 1024})


def test_the_journal_ends_the_loops(done, monkeypatch, tmp_path):
    engine = Engine("web.1", "cache.1")
    monkeypatch.setattr(undo, "api", engine.api)
    monkeypatch.setattr(undo, "post", engine.post)
    Journal(tmp_path).write(engine.containers(), "cores")
    assert Journal(tmp_path).undo() == ["the busy loops are ended"]
    assert done == [("hog", "removed")]
