"""Work by the clock: when it is called, by whom, and what a failure of it holds up."""

import logging
from types import SimpleNamespace

import pytest
from django.db import connection

from flotilla import context
from flotilla.bus import metrics, periodic
from flotilla.bus.loops import Loop
from flotilla.bus.periodic import Clock, every, every_in_each

pytestmark = pytest.mark.django_db


class Work:
    """Does so many steps; the last one says that there is no more. Errors first."""

    __module__ = "shop.tasks"

    def __init__(self, name, steps=1, errors=()):
        self.__name__, self.steps, self.errors = name, steps, list(errors)
        self.calls, self.left = 0, steps

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        self.left = (self.left or self.steps) - 1
        return self.left > 0


@pytest.fixture
def now(monkeypatch):
    """A clock that is set by hand; first calls are due at once."""
    now = SimpleNamespace(seconds=1000.0)
    now.tell = lambda: now.seconds
    monkeypatch.setattr(periodic.random, "uniform", lambda low, high: low)
    return now


def test_each_is_called_in_its_own_interval(now):
    often, seldom = every(10)(Work("often")), every(60)(Work("seldom"))
    clock = Clock(periodic.jobs(), now.tell)
    for _ in range(6):
        assert clock.turn() == 10
        assert clock.turn() == 10  # not due yet
        now.seconds += 10
    assert (often.calls, seldom.calls) == (6, 1)


def test_first_calls_are_spread():
    every(1000)(Work("spread"))
    times = {Clock(periodic.jobs(), lambda: 0.0).turn() for _ in range(5)}
    assert len(times) == 5
    assert all(0 <= time <= 1000 for time in times)


def test_more_is_done_at_once_each_step_in_a_transaction_of_its_own(now):
    seen = []

    @every(60)
    def look():
        seen.append((connection.in_atomic_block, context.current().request_id, context.current().policy))
        return len(seen) < 3

    clock = Clock(periodic.jobs(), now.tell)
    assert [clock.turn() for _ in range(3)] == [0.0, 0.0, 60.0]
    name = f"{__name__}.look"
    assert seen == [(True, name, context.Policy.HOLD)] * 3
    assert metrics.PERIODIC_AT.labels(name)._value.get() > 0


def test_what_a_failing_step_wrote_is_gone_and_others_have_their_turn(now, caplog):
    broken = every(60)(Work("broken", errors=[ValueError("odd")] * 2))
    fine = every(60)(Work("fine"))
    loop = Loop("clock", Clock(periodic.jobs(), now.tell).turn)
    caplog.set_level(logging.INFO)
    assert loop.once() == 1.0
    assert loop.once() == 60.0
    assert (broken.calls, fine.calls) == (1, 1)
    assert "odd" in caplog.text
    now.seconds += 60
    loop.once()
    assert broken.calls == 2


def test_work_in_each_database_is_a_job_for_each(now, monkeypatch):
    seen = []
    monkeypatch.setattr(periodic.databases, "aliases", lambda: ["default", "shard_1"])
    monkeypatch.setattr(periodic.databases, "run", lambda alias, work, name: seen.append((alias, name)) or work())
    monkeypatch.setattr(periodic, "_take", lambda job: True)

    @every_in_each(60)
    def look(alias):
        seen.append(alias)
        return alias == "shard_1"

    assert [periodic.step(job) for job in periodic.jobs()] == [False, True]
    names = {alias: f"{__name__}.look.{alias}" for alias in ("default", "shard_1")}
    assert seen == [("default", names["default"]), "default", ("shard_1", names["shard_1"]), "shard_1"]
    with pytest.raises(ValueError, match=r"look\.default"):
        every_in_each(1)(look)


def test_one_interval_is_enough():
    every(1)(Work("twice"))
    with pytest.raises(ValueError, match=r"shop\.tasks\.twice"):
        every(2)(Work("twice"))


@pytest.mark.parametrize("free", [True, False])
def test_on_postgres_one_worker_is_at_it(monkeypatch, free):
    asked = []

    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            pass

        def execute(self, sql, values):
            asked.append((sql, values))

        def fetchone(self):
            return (free,)

    work = every(60)(Work("alone", steps=2))
    [job] = periodic.jobs()
    monkeypatch.setattr(periodic.databases, "run", lambda alias, work, request_id: work())
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(connection, "cursor", Cursor)
    assert periodic.step(job) is free
    assert work.calls == free
    [(sql, (first, second))] = asked
    assert "pg_try_advisory_xact_lock" in sql
    assert first == periodic.LOCK
    assert -(2**31) <= second < 2**31
