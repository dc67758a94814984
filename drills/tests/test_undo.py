"""Whatever was broken is put back from the journal alone, once or twice, by this drill or the next."""

import json
import threading

import pytest

from drills import faults, undo
from drills.tests.engine import Engine
from drills.undo import Journal

LONG = "a-container-of-web.1"  # longer than the engine's own alias


@pytest.fixture
def engine(monkeypatch) -> Engine:
    engine = Engine(LONG, "other.1")
    for module in (faults, undo):
        monkeypatch.setattr(module, "api", engine.api)
        monkeypatch.setattr(module, "post", engine.post)
    return engine


@pytest.fixture
def victims(engine):
    return [one for one in engine.containers() if one.name == LONG]


@pytest.mark.parametrize("fault", [faults.kill, faults.stop, faults.pause, faults.cut])
def test_every_fault_is_undone(engine, victims, tmp_path, fault):
    before = networks(engine)
    Journal(tmp_path).write(victims)
    fault(victims)
    assert engine.state(LONG) != "running" or not networks(engine)
    assert Journal(tmp_path).undo(), "a drill that begins later finds the journal"
    assert engine.state(LONG) == "running"
    assert networks(engine) == before
    assert not Journal(tmp_path).is_left()


def test_address_and_names_come_back_without_the_engine_s_own(engine, victims, tmp_path):
    journal = Journal(tmp_path)
    journal.write(victims)
    faults.cut(victims)
    journal.undo()
    endpoint = next(body["EndpointConfig"] for path, body in engine.calls if path == "/networks/stack_app/connect")
    assert endpoint["Aliases"] == [LONG, "a-container-of-web"]
    assert endpoint["IPAMConfig"] == {"IPv4Address": "10.0.0.5"}


def test_a_cut_that_was_interrupted_half_way_is_undone(engine, victims, tmp_path):
    before = networks(engine)
    journal = Journal(tmp_path)
    journal.write(victims)
    engine.post("/networks/stack_db/disconnect", {"Container": LONG})
    journal.undo()
    assert networks(engine) == before
    assert "/networks/stack_app/connect" not in [path for path, _ in engine.calls]


def test_all_are_hit_at_once_and_put_back_at_once(engine, monkeypatch, tmp_path):
    """Each call waits for the other: one after the other would never end."""
    meeting, post = threading.Barrier(2, timeout=5), engine.post

    def together(path, body=None):
        meeting.wait()
        post(path, body)

    for module in (faults, undo):
        monkeypatch.setattr(module, "post", together)
    Journal(tmp_path).write(engine.containers())
    faults.kill(engine.containers())
    assert {engine.state(name) for name in engine.facts} == {"exited"}
    assert Journal(tmp_path).undo() == [f"{LONG} started", "other.1 started"]


def test_one_that_cannot_be_put_back_hinders_no_other(engine, tmp_path):
    Journal(tmp_path).write(engine.containers())
    faults.kill(engine.containers())
    del engine.facts[LONG]["NetworkSettings"]
    with pytest.raises(KeyError):
        Journal(tmp_path).undo()
    assert engine.state("other.1") == "running"
    assert Journal(tmp_path).is_left()


def test_undoing_twice_does_nothing_the_second_time(engine, victims, tmp_path):
    journal = Journal(tmp_path)
    journal.write(victims)
    journal.undo()
    assert journal.undo() == []
    assert engine.calls == []


def test_a_loose_address_stays_loose(engine, victims, tmp_path):
    """Fixed by its return, it would be in another's hands when the whole stack starts at once."""
    journal = Journal(tmp_path)
    journal.write(victims)
    faults.cut(victims)
    journal.undo()
    endpoint = next(body["EndpointConfig"] for path, body in engine.calls if path == "/networks/stack_db/connect")
    assert "IPAMConfig" not in endpoint


def test_a_fixed_address_is_not_given_up(engine, victims, tmp_path):
    engine.taken = {"10.0.0.5"}
    journal = Journal(tmp_path)
    journal.write(victims)
    faults.cut(victims)
    with pytest.raises(AssertionError):
        journal.undo()
    assert journal.is_left(), "the next one may still put it back"


def test_a_container_that_has_gone_for_good_is_named(engine, victims, tmp_path):
    journal = Journal(tmp_path)
    journal.write(victims)
    del engine.facts[LONG]
    assert journal.undo() == [f"{LONG} is gone: `make up` makes it again"]


def test_nothing_is_broken_when_the_journal_cannot_be_written(victims, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Journal(tmp_path / "absent").write(victims)


def test_a_journal_is_there_whole_or_not_at_all(victims, tmp_path):
    Journal(tmp_path).write(victims)
    assert [path.name for path in tmp_path.iterdir()] == [undo.NAME]
    assert json.loads((tmp_path / undo.NAME).read_text())[0]["name"] == LONG


def networks(engine: Engine) -> dict:
    """Network -> fixed address and names, as people reach the container."""
    found = engine.facts[LONG]["NetworkSettings"]["Networks"]
    return {
        name: ((one.get("IPAMConfig") or {}).get("IPv4Address"), [a for a in one["Aliases"] if a != LONG[:12]])
        for name, one in found.items()
    }
