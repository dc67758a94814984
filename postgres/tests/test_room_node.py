"""A node whose volume is full, as its main program sees it: it ends, waits, and starts again."""

import functools
import os
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from lease_world import HOSTS, A, B, P, Store
from pgnode import supervise
from pgnode.render import ConfigError
from room import watch
from room.volume import MB, Volume

# Starts a server of its own session, as Patroni does; the second time it ends by itself.
PATRONI = """#!{python}
import pathlib, subprocess, sys, time
folder = pathlib.Path({folder!r})
with (folder / "starts").open("a") as file:
    file.write("start\\n")
if (folder / "starts").read_text().count("start") == 2:
    sys.exit(3)
server = subprocess.Popen([folder / "postgres"], start_new_session=True)
(folder / "postmaster.pid").write_text(f"{{server.pid}}\\n")
time.sleep(60)
"""
POSTGRES = "#!{python}\nimport time\ntime.sleep(60)\n"


class Disk(Volume):
    """Full for as long as there is a file that says so."""

    free = 3 * MB

    def __init__(self, folder):
        super().__init__(folder, 64 * MB)

    def has_room(self):
        return not (self.path / "full").exists()

    def is_full(self):
        return not self.has_room()


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Its main program's parts, with short pauses; room comes back 0.3 s after it has begun to wait."""
    for name, text in (("patroni", PATRONI), ("postgres", POSTGRES)):
        (tmp_path / name).write_text(text.format(python=sys.executable, folder=str(tmp_path)))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    wait = functools.partial(supervise.waiting.wait, mark=tmp_path / "mark", pause=lambda seconds: time.sleep(0.01))
    monkeypatch.setattr(supervise.waiting, "wait", wait)
    end = functools.partial(supervise.postmaster.end, data=tmp_path)
    monkeypatch.setattr(supervise.postmaster, "end", end)
    return tmp_path


def until(reached):
    for _ in range(1000):
        if reached():
            return
        time.sleep(0.01)
    raise AssertionError("not reached within 10 s")


def comes_and_goes(node, seen):
    """The volume fills once the server runs, and has room again once this node waits."""
    until(lambda: supervise.postmaster.pid(node))
    (node / "full").touch()
    until((node / "mark").exists)
    seen.append(supervise.postmaster.pid(node))
    (node / "full").unlink()


def test_a_leader_without_room_ends_and_starts_again_when_there_is_some(node, capsys):
    seen, others = [], {HOSTS[A]: 64 * MB, HOSTS[B]: 64 * MB}
    looks = watch.Watch(P, Disk(node), Store(), others.get, pause=lambda seconds: time.sleep(0.01))
    threading.Thread(target=comes_and_goes, args=(node, seen), daemon=True).start()
    cleared = []
    assert supervise.run_with_room("config", lambda: "unused", looks, lambda: cleared.append(1)) == 3
    assert seen == [None], "no server runs while it waits"
    assert len(cleared) == 2, "before each start"
    assert capsys.readouterr().out.splitlines() == [
        f"node: no room on {node} (3 MB left): stepping down, both other nodes have room",
        "node: Patroni is ended, and Postgres",
        f"node: no room on {node} (3 MB left): Patroni starts when 64 MB are free for 5 s",
        f"node: room again on {node} (3 MB left)",
    ]


def test_a_start_without_room_waits_for_it_instead_of_failing(node):
    (node / "full").touch()
    (node / "starts").write_text("start\n")
    over = threading.Thread(target=lambda: (until((node / "mark").exists), (node / "full").unlink()))
    over.start()
    looks = watch.Watch(P, Disk(node), Store(), {}.get, pause=lambda seconds: time.sleep(0.01))
    assert supervise.run_with_room("config", lambda: "unused", looks, lambda: None) == 3
    over.join()
    assert (node / "starts").read_text().count("start") == 2, "one before, and one now"


# -- From the environment ----------------------------------------------------------------------------------------------

ENVIRON = {"NET_PREFIX": "10.77", "NODE": "2", "EARLY_RELEASE": "1", "ROOM_STEP_DOWN": "1", "ROOM_MB": "64"}


@pytest.fixture
def work(tmp_path, monkeypatch):
    """work(changes of the environment) -> the watch with which Patroni would run, and the names of what was done."""
    done = []
    monkeypatch.setattr(supervise, "VOLUME", tmp_path)
    monkeypatch.setattr(supervise, "write_config", lambda environ: tmp_path / "patroni.yml")
    monkeypatch.setattr(supervise.render, "secret", lambda name: f"secret of {name}")
    monkeypatch.setattr(supervise, "keep_running", lambda command: done.append(command[-1]))
    monkeypatch.setattr(supervise.postmaster, "end", lambda: done.append("Postgres ends"))
    handover = SimpleNamespace(run=lambda: done.append("a hand-over") or "handed over to postgres-3")
    monkeypatch.setattr(supervise, "Handover", lambda api, name: handover)
    monkeypatch.setattr(supervise, "run_with_room", lambda config, hand_over, watch, clear: (clear(), watch)[1])
    return lambda **changes: (supervise.work(ENVIRON | changes), done)


def test_a_leader_that_falls_silent_is_left_to_the_early_release(work):
    looks, done = work()
    looks.before()
    assert done == ["lease"]
    assert (looks.me, looks.volume.needed) == ("postgres-2", 64 * MB)


def test_without_the_early_release_the_lease_is_given_back_first(work, capsys):
    looks, done = work(EARLY_RELEASE="0")
    looks.before()
    assert done == ["lease", "Postgres ends", "a hand-over"]
    assert "node: handed over to postgres-3" in capsys.readouterr().out


def test_turned_off_there_is_always_room(work):
    looks, _ = work(ROOM_STEP_DOWN="0")
    assert looks.volume.has_room()
    assert not looks.volume.is_full()


WRONG = [{"ROOM_STEP_DOWN": "yes"}, {"ROOM_MB": "64M"}, {"ROOM_MB": "8"}, {"EARLY_RELEASE": ""}]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_setting_is_refused_by_name_before_anything_is_started(work, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        work(**wrong)


def test_the_remains_of_a_copy_are_cleared_away(work, tmp_path, capsys):
    (tmp_path / "pg" / "base").mkdir(parents=True)
    work()
    assert not (tmp_path / "pg").exists()
    assert "a copy that was cut off" in capsys.readouterr().out
