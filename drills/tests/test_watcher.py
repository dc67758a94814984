"""What the stack did meanwhile is told in words, and who followed whom as facts."""

import threading

import pytest

from drills import watcher
from drills.judge import figures
from drills.tests.samples import record, run


@pytest.fixture
def log() -> watcher.Log:
    return watcher.Log(lambda *_: None)


def told(log, *answers: dict) -> list[dict]:
    """What is noted of these answers, one after the other; an exception is silence."""
    given = iter(answers)

    def question():
        answer = next(given)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = watcher.Watch(question, log, threading.Event())
    for _ in answers:
        watch.look()
    return log.events


def test_a_change_is_news_and_the_first_answer_and_silence_are_none(log):
    found = told(log, {"web-1": "running"}, OSError("nobody"), {"web-1": "running"}, {"web-1": "exited"})
    assert [(one["kind"], one["text"]) for one in found] == [("state", "web-1 is exited")]
    assert (found[0]["of"], found[0]["from"], found[0]["to"]) == ("web-1", "running", "exited")


@pytest.mark.parametrize(
    ("leaders", "count"),
    [
        (("postgres-1",), 0),
        (("postgres-1", "", "postgres-1"), 0),
        (("postgres-1", "", "postgres-2"), 1),
        (("postgres-1", "postgres-2", "", "postgres-1"), 2),
    ],
)
def test_the_moves_of_the_leadership_are_counted_from_the_news(log, leaders, count):
    events = told(log, *({"Patroni": name} for name in leaders))
    made = record(leaders=[leaders[0], leaders[-1]], events=[*record()["events"][:1], *events])
    assert figures(made, run())["failovers"] == count


def test_a_move_that_nobody_watched_is_counted_by_who_leads_before_and_after():
    events = record()["events"][:1]
    assert figures(record(leaders=["postgres-1", "postgres-3"], events=events), run())["failovers"] == 1
    assert figures(record(leaders=["postgres-1", ""], events=events), run())["failovers"] == 0
    assert figures(record(leaders=["", "postgres-1"], events=events), run())["failovers"] is None
    old = {name: value for name, value in record().items() if name != "leaders"}
    assert figures(old, run())["failovers"] is None


def test_who_leads_is_nobody_when_nobody_says(monkeypatch):
    def silent():
        raise OSError

    monkeypatch.setattr(watcher.direct, "postgres_primary", silent)
    assert watcher.leader() == ""
