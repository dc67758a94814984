"""Before a node's files are replaced, and its fence with them: its promise is void, or the node is bound."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from lease import clone, decision, unbind
from lease.facts import PROMISES, ROOT, Promise
from lease_world import HOSTS, A, B, P
from pgnode import render

POSTGRES = Path(__file__).resolve().parents[1]
ENVIRON = {"NET_PREFIX": "10.77", "NODE": "2"}


def word(world, name=A):
    return world.store.keys.get(ROOT + PROMISES + name)


def promised(world):
    world.rounds(decision.ROUNDS, A)
    assert A in world.store.now.promises
    return Promise(*world.store.now.reign, 1, 5000)


@pytest.mark.parametrize("source", [HOSTS[P], HOSTS[B], None])
def test_who_has_promised_nothing_may_be_copied_from_anywhere(world, source):
    assert unbind.unbind(A, world.store, source) is None


def test_a_promise_that_is_on_its_way_counts_no_more(world):
    now = world.store.now
    assert unbind.unbind(A, world.store, HOSTS[P]) is None
    assert not world.wardens[A]._promise(now, 1, 5000)
    assert word(world).value == ""


def test_a_promise_for_a_leadership_that_stands_is_taken_back(world):
    promised(world)
    assert unbind.unbind(A, world.store, HOSTS[P]) is None
    assert world.store.now.promises == {}
    world.rounds(decision.ROUNDS + 3, B)
    assert "released" not in world.steps()


def test_a_promise_for_a_leadership_that_stands_hinders_no_source(world):
    promised(world)
    assert unbind.unbind(A, world.store, HOSTS[B]) is None


def bound(world):
    """B has the key, and is not promoted yet."""
    world.servers[B].reaches = (1, 9000)
    promise = promised(world)
    world.rounds(decision.ROUNDS, B)
    assert world.steps()[-1] == "released"
    return promise


@pytest.mark.parametrize("source", [*HOSTS.values(), None])
def test_a_bound_node_stays_as_it_is_while_nobody_leads(world, source):
    bound(world)
    world.store.delete("leader")
    before = dict(world.store.keys)
    assert "bound by a promise" in unbind.unbind(A, world.store, source)
    assert world.store.keys == before


@pytest.mark.parametrize("source", [HOSTS[P], None])
def test_a_bound_node_is_not_copied_from_the_leader_that_it_helped_to_replace(world, source):
    bound(world)
    world.store.put("leader", B)
    assert "bound by a promise" in unbind.unbind(A, world.store, source)
    assert A in world.store.now.promises


@pytest.mark.parametrize("leader", [B, P])
def test_a_bound_node_may_be_copied_from_the_present_leader(world, leader):
    bound(world)
    world.store.put("leader", leader)
    assert unbind.unbind(A, world.store, HOSTS[leader]) is None
    assert A not in world.store.now.promises


@pytest.mark.parametrize("key", ["leader", PROMISES + A])
def test_what_changes_meanwhile_is_looked_at_again(world, key):
    promised(world)
    read, value = world.store.read, world.store.keys[ROOT + key].value

    def change(prefix):
        seen = read(prefix)
        world.store.put(key, value)
        return seen

    world.store.read = change
    assert unbind.unbind(A, world.store, HOSTS[P]) == "the leader has just changed"
    world.store.read = read
    assert A in world.store.now.promises


def test_silence_of_etcd_is_waited_for_a_while_and_then_a_no(world):
    pauses = []
    world.store.away = True
    assert unbind.patiently(A, world.store, HOSTS[P], pauses.append) == "in doubt: no etcd answers"
    assert sum(pauses) == (unbind.TRIES - 1) * unbind.PAUSE
    comes_back = iter([None, None, lambda: setattr(world.store, "away", False)])
    assert unbind.patiently(A, world.store, HOSTS[P], lambda _: (next(comes_back) or bool)()) is None


# -- The commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(world, monkeypatch):
    """run() -> the exit status of a copy, and the command that took the process over."""
    ran = []
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(unbind.etcd, "members", lambda prefix: world.store)
    monkeypatch.setattr(unbind, "patiently", lambda *args: unbind.unbind(*args))
    monkeypatch.setattr(os, "execvp", lambda file, command: ran.append((file, command)) or 0)
    return lambda *more: (clone.main([*SAID, *more]), ran)


CONNSTRING = f"dbname=postgres user=replicator host={HOSTS[P]} port=5432"
SAID = ["--scope=flotilla", "--role=replica", "--datadir=/data/pg", f"--connstring={CONNSTRING}"]


def test_a_copy_is_pg_basebackups_with_patronis_options(run, world):
    promised(world)
    status, ran = run("--checkpoint=fast")
    how = ["-X", "stream", "--no-slot"]
    copy = ["pg_basebackup", "--pgdata=/data/pg", *how, f"--dbname={CONNSTRING}", "--checkpoint=fast"]
    assert (status, ran) == (0, [("pg_basebackup", copy)])
    assert world.store.now.promises == {}


def test_a_bound_node_is_not_copied(run, world, capsys):
    bound(world)
    assert run() == (1, [])
    assert "lease: the files are not replaced: bound by a promise" in capsys.readouterr().out


def test_a_wrong_environment_is_said_and_nothing_is_copied(run, monkeypatch, capsys):
    monkeypatch.setenv("NODE", "x")
    assert run() == (2, [])
    assert capsys.readouterr().out.startswith("lease: NODE='x'")


def test_a_rewind_finds_its_source_among_the_arguments(run, world, capsys):
    bound(world)
    world.store.put("leader", B)
    assert unbind.main(["-D", "/data/pg", "--source-server", CONNSTRING]) == 1
    assert HOSTS[P] in capsys.readouterr().out
    assert unbind.main(["-D", "/data/pg", "--source-server", CONNSTRING.replace(HOSTS[P], HOSTS[B])]) == 0


def test_patroni_has_no_other_way_to_make_a_standby(tmp_path):
    for name in render.NODE_SECRETS:
        (tmp_path / name).write_text("secret")
    settings = yaml.safe_load(render.patroni(ENVIRON, tmp_path, POSTGRES))["postgresql"]
    assert settings["create_replica_methods"] == ["clone"]
    assert settings["clone"] == {"command": "python3 -m lease.clone", "checkpoint": "fast"}


REAL = "/usr/lib/postgresql/17/bin/pg_rewind"
REWIND = ["-D", "/data/pg", "--source-server", CONNSTRING]


@pytest.fixture
def rewind(tmp_path):
    """rewind(arguments, status of unbind) -> exit status, what ran, and the mode of the fence's file meanwhile."""
    (tmp_path / "pg").mkdir()
    settings, ran = tmp_path / "pg" / "postgresql.auto.conf", tmp_path / "ran"
    settings.touch()
    settings.chmod(0o400)
    script = (POSTGRES / "bin" / "pg-rewind-marked").read_text()
    script = script.replace(REAL, str(tmp_path / "pg_rewind")).replace("/data", str(tmp_path))

    def run(arguments, unbound=0):
        for name, status in {"python3": unbound, "pg_rewind": 3}.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\necho {name} $* $(stat -c %a {settings}) >>{ran}\nexit {status}\n")
            path.chmod(0o755)
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        status = subprocess.run(["/bin/sh", "-c", script, "sh", *arguments], env=environ, check=False).returncode
        assert not (tmp_path / "rewind-unfinished").exists()
        return status, ran.read_text().splitlines()

    return run


def test_no_rewind_before_the_promise_is_taken_back(rewind):
    words = " ".join(REWIND)
    assert rewind(REWIND) == (3, [f"python3 -m lease.unbind {words} 400", f"pg_rewind {words} 600"])


def test_no_rewind_of_a_bound_node_and_its_fence_stays_read_only(rewind):
    status, ran = rewind(REWIND, unbound=1)
    assert (status, len(ran)) == (1, 1)


def test_the_question_whether_there_is_a_pg_rewind_touches_nothing(rewind):
    assert rewind(["--help"]) == (3, ["pg_rewind --help 400"])
