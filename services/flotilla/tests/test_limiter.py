"""Turns: how many work at once, who goes next, who is refused, and that a wait for a primary takes no turn."""

import threading
import time
from contextlib import contextmanager

import pytest

from flotilla import limiter
from flotilla.context import RequestState
from flotilla.limiter import Limiter, Overloaded


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(limiter, "QUEUE_SECONDS", 0.2)
    monkeypatch.setattr(limiter, "STALL_SECONDS", 0.1)
    monkeypatch.setattr(limiter, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(limiter, "CATCH_UP_SECONDS", 0.8)


def state(seconds=5.0):
    return RequestState(hold_until=time.monotonic() + seconds)


def eventually(condition, seconds=5.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.002)


class Worker(threading.Thread):
    """Takes a turn and keeps it until told to end; `got` says whether the turn came."""

    def __init__(self, turns, seconds=5.0):
        super().__init__(daemon=True)
        self.turns, self.state, self.got, self.over = turns, state(seconds), None, threading.Event()
        self.start()

    def run(self):
        try:
            with self.turns.turn(self.state):
                self.got = True
                self.over.wait(5)
        except Overloaded:
            self.got = False

    def end(self):
        self.over.set()
        self.join(5)


@contextmanager
def all_taken(turns, count=1):
    workers = [Worker(turns) for _ in range(count)]
    eventually(lambda: all(worker.got for worker in workers))
    yield workers
    for worker in workers:
        worker.end()


def test_so_many_work_at_once_and_the_next_follows():
    turns = Limiter(2)
    with all_taken(turns, 2) as (first, _):
        third = Worker(turns)
        time.sleep(0.05)
        assert third.got is None
        first.end()
        eventually(lambda: third.got)
        third.end()


def test_a_queue_that_moves_and_lasts_too_long_refuses():
    turns = Limiter(1)
    with turns.turn(state()):
        pass  # a turn has just ended
    with all_taken(turns), pytest.MonkeyPatch.context() as patch:
        patch.setattr(limiter, "STALL_SECONDS", 10.0)
        began = time.monotonic()
        with pytest.raises(Overloaded), turns.turn(state()):
            pass
        assert 0.2 <= time.monotonic() - began < 2


def test_a_queue_that_stands_still_is_waited_out():
    turns = Limiter(1)
    with all_taken(turns) as (holder,):
        waiter = Worker(turns)
        time.sleep(0.5)  # longer than QUEUE_SECONDS
        assert waiter.got is None
        holder.end()
        eventually(lambda: waiter.got)
        waiter.end()


def test_what_has_piled_up_behind_a_stall_is_worked_off():
    """The queue moves again, and for this one still lasts longer than a queue that moves may."""
    turns = Limiter(1)
    with all_taken(turns) as (holder,):
        second, third = Worker(turns), Worker(turns)
        time.sleep(0.3)
        holder.end()
        eventually(lambda: second.got)
        for _ in range(6):  # turns end all the time, and third's comes late
            time.sleep(0.06)
            turns._moved = time.monotonic()
        assert third.got is None
        second.end()
        eventually(lambda: third.got)
        third.end()


def test_nobody_waits_longer_than_for_a_primary():
    turns = Limiter(1)
    with all_taken(turns), pytest.raises(Overloaded), turns.turn(state(0.05)):
        pass


def test_who_was_called_just_now_cannot_leave():
    turns = Limiter(1)
    assert not turns._left(turns._arrived, threading.Event())


def test_a_wait_for_a_primary_takes_no_turn_and_is_never_refused():
    turns, mine = Limiter(1), state(0.05)
    with turns.turn(mine):
        with mine.aside():
            other = Worker(turns)
            eventually(lambda: other.got)
            threading.Timer(0.2, other.over.set).start()
        assert not other.is_alive() or other.over.is_set()  # the turn came back when the other had ended
    assert turns._taken == 0


def test_who_comes_back_goes_before_those_who_have_not_begun():
    turns, mine = Limiter(1), state()
    with turns.turn(mine):
        aside = mine.aside()
        aside.__enter__()
        with all_taken(turns):
            arrived = Worker(turns)
            eventually(lambda: turns._arrived)
            back = threading.Thread(target=aside.__exit__, args=(None, None, None))
            back.start()
            eventually(lambda: turns._returning)
        back.join(5)
        assert arrived.got is None
    eventually(lambda: arrived.got)
    arrived.end()


def test_outside_of_a_turn_nothing_is_given_up():
    with state().aside():
        pass


def test_one_for_the_process():
    assert limiter.of(3) is limiter.of(3)


def test_a_queue_that_is_full_refuses_at_once():
    turns = Limiter(1, queue=1)
    with all_taken(turns) as (holder,):
        waiter = Worker(turns)
        eventually(lambda: turns._arrived)
        began = time.monotonic()
        with pytest.raises(Overloaded), turns.turn(state()):
            pass
        assert time.monotonic() - began < 0.1
        holder.end()
        eventually(lambda: waiter.got)
        waiter.end()


def test_a_turn_within_a_turn_gives_the_outer_one_back():
    outer, inner, mine = Limiter(1), Limiter(1), state()
    with outer.turn(mine):
        with inner.turn(mine):
            assert mine.limiter is inner
        assert mine.limiter is outer
    assert mine.limiter is None


def test_a_call_to_another_service_takes_no_turn_and_is_no_standstill():
    turns, mine = Limiter(1), state()
    mine.idempotent = True
    with turns.turn(mine):
        with mine.calling():
            time.sleep(0.15)  # longer than STALL_SECONDS
            with turns.turn(state()):
                pass
            assert turns._catching_up_until == float("-inf")
            assert turns._taken == 0
        assert turns._taken == 1


def test_who_may_hold_locks_keeps_the_turn_while_it_calls():
    turns, mine = Limiter(1), state()
    with turns.turn(mine), mine.calling():
        assert turns._taken == 1
