"""Waiting for a primary: the one prober, who starts it, what it decides, and that it cannot die for good."""

import logging
import threading
import time

import pytest

from flotilla.db.primary import Primary


class FakeProbe:
    """Says what `answers` holds, the last of them for ever."""

    def __init__(self, *answers):
        self.answers, self.probes, self.closed = list(answers), 0, 0

    def __call__(self):
        self.probes += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self):
        self.closed += 1


def eventually(condition, seconds=5.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("flotilla.db.primary.PROBE_SECONDS", 0.01)
    monkeypatch.setattr("flotilla.db.primary.IDLE_PROBE_SECONDS", 0.02)


def test_a_waiter_is_let_go_by_the_first_good_probe():
    probe = FakeProbe(False, False, True)
    primary = Primary(probe, sleep=lambda seconds: None)
    assert primary.wait(time.monotonic() + 5)
    assert probe.probes >= 3
    eventually(lambda: probe.closed == 1)


def test_a_waiter_gives_up_at_its_time():
    probe = FakeProbe(False)
    primary = Primary(probe, sleep=lambda seconds: None)
    started = time.monotonic()
    assert not primary.wait(started + 0.1)
    assert 0.09 < time.monotonic() - started < 2
    assert not primary.wait(started)
    assert primary.is_down
    probe.answers = [True]
    eventually(lambda: probe.closed == 1)


def test_many_waiters_share_one_prober_and_are_spread():
    probe, slept, let_go = FakeProbe(False), [], []
    primary = Primary(probe, sleep=slept.append)
    threads = [threading.Thread(target=lambda: let_go.append(primary.wait(time.monotonic() + 10))) for _ in range(30)]
    for thread in threads:
        thread.start()
    eventually(lambda: primary._waiters == 30)
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("primary-prober") == 1
    probe.answers = [True]
    for thread in threads:
        thread.join()
    assert let_go == [True] * 30
    assert len(set(slept)) > 1
    assert max(slept) <= 0.005 * 30


def test_marked_down_is_probed_until_it_is_back():
    probe = FakeProbe(False)
    primary = Primary(probe)
    primary.mark_down()
    primary.mark_down()
    assert primary.is_down
    eventually(lambda: probe.probes >= 2)
    assert primary.is_down
    probe.answers = [True]
    eventually(lambda: not primary.is_down)
    eventually(lambda: not primary._running)
    primary.mark_down()
    eventually(lambda: not primary.is_down)


def test_a_doubt_is_decided_by_the_prober():
    """Silence alone, which may be overload, takes nothing away from the others."""
    probe = FakeProbe(True)
    primary = Primary(probe)
    assert not primary.is_busy
    primary.suspect()
    eventually(lambda: probe.closed == 1)
    assert not primary.is_down
    assert primary.is_busy
    probe = FakeProbe(False)
    primary = Primary(probe)
    primary.suspect()
    eventually(lambda: primary.is_down)
    probe.answers = [True]
    eventually(lambda: not primary.is_down)


def test_a_probe_in_flight_lets_nobody_go():
    """What it found may be older than the failure that made the waiter wait."""
    begun, go_on = threading.Event(), threading.Event()

    class SlowProbe(FakeProbe):
        def __call__(self):
            if not begun.is_set():
                begun.set()
                go_on.wait(5)
            return super().__call__()

    probe, let_go = SlowProbe(True, False, False, True), []
    primary = Primary(probe, sleep=lambda seconds: None)
    primary.suspect()
    assert begun.wait(5)
    waiter = threading.Thread(target=lambda: let_go.append((primary.wait(time.monotonic() + 5), probe.probes)))
    waiter.start()
    eventually(lambda: primary._waiters == 1)
    go_on.set()
    waiter.join()
    assert let_go[0][0]
    assert let_go[0][1] >= 4


def test_a_probe_that_raises_is_a_failed_one(caplog):
    answers = [RuntimeError("unexpected"), False, True]

    class RaisingProbe(FakeProbe):
        def __call__(self):
            if isinstance(self.answers[0], Exception):
                raise self.answers.pop(0)
            return super().__call__()

    primary = Primary(RaisingProbe(*answers), sleep=lambda seconds: None)
    assert primary.wait(time.monotonic() + 5)
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1


def test_a_prober_that_dies_is_followed_by_another():
    class Unclosable(FakeProbe):
        def close(self):
            super().close()
            if self.closed == 1:
                raise RuntimeError("unexpected")

    probe = Unclosable(True)
    primary = Primary(probe, sleep=lambda seconds: None)
    primary.suspect()
    eventually(lambda: probe.closed == 1 and not primary._running)
    assert primary.wait(time.monotonic() + 5)


def test_without_a_thread_for_the_prober_nothing_is_marked_down(monkeypatch):
    """For nobody would take the mark back. As soon as there are threads again, a prober runs."""
    primary = Primary(FakeProbe(False, True), sleep=lambda seconds: None)

    def no_thread(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        primary.mark_down()
        assert not primary.is_down
        assert not primary.wait(time.monotonic() + 0.01)
    assert primary.wait(time.monotonic() + 5)
