"""The course of a drill: first the journal, then what the fault needs, then the fault, then all of it put back."""

import time
from dataclasses import replace

import pytest

from drills import drill, matrix
from drills.watcher import Log

VICTIMS = ["a container"]


class Paper:
    """Whatever a drill calls, in the order in which it did."""

    def __init__(self):
        self.done: list[str] = []
        self.out = "the folder of the load"

    def write(self, victims, mend):
        self.done.append("journal")

    def undo(self) -> list[str]:
        self.done.append("undo")
        return ["it is started"]

    def end(self):
        self.done.append("the load ends")

    def prepare(self, victims, out) -> str:
        self.done.append(f"prepared in {out}")
        return "1,000 orders are in flight"

    def act(self, victims):
        self.done.append("fault")


@pytest.fixture
def paper(monkeypatch) -> Paper:
    monkeypatch.setattr(drill, "names", " ".join)
    monkeypatch.setattr(drill, "wait_until_whole", lambda victims, log, undone: (undone, []))
    return Paper()


def play(paper: Paper, **fault) -> Log:
    usual, log = matrix.drill("web", "kill", seconds=0.01), Log(lambda *_: None)
    wanted = replace(usual, fault=replace(usual.fault, act=paper.act, **fault))
    drill.play(wanted, VICTIMS, log, paper, paper)
    return log


def test_what_a_fault_needs_comes_after_the_journal_and_before_the_fault(paper):
    log = play(paper, prepare=paper.prepare)
    assert paper.done == ["journal", "prepared in the folder of the load", "fault", "undo"]
    assert [event["text"] for event in log.events][:2] == ["1,000 orders are in flight", "web kill: a container"]
    assert [event["kind"] for event in log.events][:2] == ["note", "fault"]


def test_most_faults_need_nothing(paper):
    play(paper)
    assert paper.done == ["journal", "fault", "undo"]


def test_a_load_that_is_part_of_the_fault_ends_with_it(paper):
    play(paper, load=4)
    assert paper.done[-1] == "the load ends"


def test_the_undoing_is_told_by_the_clock_of_the_databases():
    log = Log(lambda *_: None, zero=time.monotonic() - 100)
    log.events = [{"t": 30.0, "kind": "fault"}, {"t": 40.0, "kind": "undo"}, {"t": 41.0, "kind": "note"}]
    assert drill.undone_at(log) == pytest.approx(time.time() - 60, abs=1)
