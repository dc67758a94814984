"""The load generator judged: schedule, honesty about a frozen server, no retry. No network but the loopback."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest

from loadtest.figures import failures, late_p99, longest_gap, percentile, reasons
from loadtest.openloop import LOOK, READ, WRITE, Answer, Outcome, Run, Schedule


def test_schedule_is_constant_arrival():
    schedule = Schedule.constant(20, 3)
    assert len(schedule) == 60
    assert [schedule.due(index) for index in (0, 1, 20)] == [0, 0.05, 1.0]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.3, 0.5, 1.0])
def test_writes_have_their_share_and_are_spread(share):
    schedule = Schedule.constant(20, 10, share)
    kinds = [schedule.kind(index) for index in range(200)]
    assert kinds.count(WRITE) == round(200 * share)
    for start in range(0, 200, 20):
        assert abs(kinds[start : start + 20].count(WRITE) - 20 * share) <= 1


def test_phases_follow_each_other_at_their_own_rates():
    schedule = Schedule(((2, 10), (1, 0), (1, 40)), 0.25)
    assert (len(schedule), schedule.seconds, schedule.writes) == (60, 4, 15)
    assert [schedule.due(index) for index in (0, 19, 20, 21, 59)] == pytest.approx([0, 1.9, 3, 3.025, 3.975])
    assert sum(schedule.kind(index) == WRITE for index in range(60)) == 15


def test_a_spike_is_offered_as_planned():
    outcomes = Run(lambda *_: Answer(200), Schedule(((0.3, 20), (0.3, 200), (0.3, 20)))).start().join()
    in_spike = [outcome for outcome in outcomes if 0.3 <= outcome.due < 0.6 - 1e-9]
    assert (len(outcomes), len(in_spike)) == (72, 60)
    assert all(outcome.start >= outcome.due for outcome in outcomes)


def test_every_slot_is_sent_once_even_when_it_fails():
    sent, lock = [], threading.Lock()

    def send(kind, index, timeout):
        with lock:
            sent.append(index)
        raise ConnectionError("gone")

    outcomes = Run(send, Schedule.constant(200, 0.5)).start().join()
    assert sorted(sent) == list(range(100))
    assert len(failures(outcomes)) == 100
    assert outcomes[0].detail == "ConnectionError: gone"


def test_a_waiting_request_does_not_delay_the_next():
    others = threading.Semaphore(0)

    def send(kind, index, timeout):
        if index == 0:
            return Answer(200 if all(others.acquire(timeout=30) for _ in range(19)) else 0)
        others.release()
        return Answer(200)

    outcomes = Run(send, Schedule.constant(50, 0.4)).start().join()
    assert [outcome.status for outcome in outcomes] == [200] * 20
    assert outcomes[0].end >= max(outcome.start for outcome in outcomes)


def test_stop_starts_nothing_more():
    run = Run(lambda *_: Answer(200), Schedule.constant(50, 60)).start()
    time.sleep(0.2)
    run.stop()
    assert 1 <= len(run.join()) < 50


def test_more_waiting_requests_than_the_bound_make_a_run_invalid():
    def send(kind, index, timeout):
        time.sleep(0.3)
        return Answer(200)

    run = Run(send, Schedule.constant(100, 0.2), bound=5)
    outcomes = run.start().join()
    assert len(outcomes) == 20
    assert max(outcome.late for outcome in outcomes) > 0.2
    assert "5 requests were waiting at once" in run.invalid


def test_late_starts_make_a_run_invalid_and_looks_do_not_count():
    run = Run(lambda *_: Answer(200), Schedule.constant(1, 1))
    run.late.extend([0.001] * 99 + [0.02])
    assert not run.invalid
    run.late.extend([0.02] * 5)
    assert "p99 of late starts is 20.0 ms" in run.invalid


def test_nothing_is_kept_when_told_so_and_everything_told():
    told = []
    run = Run(lambda *_: Answer(200), Schedule.constant(100, 0.2), told.append, keep=False)
    assert run.start().join() == []
    assert (len(told), len(run.late)) == (20, 20)


def test_what_cannot_be_recorded_ends_the_run_with_its_error():
    def record(outcome):
        raise OSError("disk full")

    run = Run(lambda *_: Answer(200), Schedule.constant(20, 60), record).start()
    with pytest.raises(OSError, match="disk full"):
        run.join()


# -- Honesty -----------------------------------------------------------------------------------------------------------


class Freezing(BaseHTTPRequestHandler):
    """Answers at once, but for a tenth of the run's time not at all."""

    thawed = threading.Event()

    def do_GET(self):
        self.thawed.wait()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def freezing():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Freezing)
    server.request_queue_size = 200
    Freezing.thawed.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def freeze(after, seconds):
    time.sleep(after)
    Freezing.thawed.clear()
    time.sleep(seconds)
    Freezing.thawed.set()


SECONDS = 5  # the run; the freeze lasts a tenth of it, like 2 s in 20 s


def test_a_freeze_shows_in_the_95th_percentile(freezing):
    def send(kind, index, timeout):
        with urlopen(freezing, timeout=timeout) as answer:
            return Answer(answer.status)

    run = Run(send, Schedule.constant(40, SECONDS)).start()
    freeze(SECONDS / 2, SECONDS / 10)
    outcomes = run.join()
    # Due evenly during the freeze, the requests wait from all of it down to nothing: the 95th of 100 waits half.
    assert percentile([o.latency for o in outcomes], 0.95) / (SECONDS / 10) >= 0.4
    assert not failures(outcomes)


def test_a_closed_loop_would_have_hidden_it(freezing):
    """The contrast that justifies the module: same server, same freeze, one visitor waiting for each answer."""
    latencies, end = [], time.monotonic() + SECONDS
    threading.Thread(target=freeze, args=(SECONDS / 2, SECONDS / 10)).start()
    while time.monotonic() < end:
        started = time.monotonic()
        urlopen(freezing).close()
        latencies.append(time.monotonic() - started)
        time.sleep(0.02)
    assert max(latencies) > SECONDS / 10 / 2
    assert percentile(latencies, 0.95) < max(latencies) / 2


# -- Figures -----------------------------------------------------------------------------------------------------------


def outcome(end, kind=READ, status=200, due=None, cached=False):
    due = end - 0.1 if due is None else due
    return Outcome(kind, "", due, due, status, end, status, end, cached=cached)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0.0), ([3], 0.99, 3), ([1, 2, 3, 4], 0.5, 2), (range(1, 101), 0.95, 95), (range(1, 101), 1.0, 100)],
)
def test_percentile_is_nearest_rank(values, share, expected):
    assert percentile(values, share) == expected


def test_a_late_answer_is_a_failure():
    assert failures([outcome(70, due=5)])
    assert not failures([outcome(60, due=5)])


@pytest.mark.parametrize("status", [0, 400, 404, 429, 500, 502, 503])
def test_anything_but_2xx_and_3xx_is_a_failure(status):
    assert failures([outcome(1, status=status)])


def test_gap_counts_good_answers_of_one_kind():
    outcomes = [
        outcome(1, WRITE),
        outcome(2, READ),
        outcome(5, WRITE, status=503),
        outcome(9, WRITE),
        outcome(10, READ),
    ]
    assert longest_gap(outcomes, WRITE) == 8
    assert longest_gap(outcomes, WRITE, since=4) == 5


def test_an_outage_to_the_end_counts_whole():
    assert longest_gap([outcome(1, WRITE), outcome(30, WRITE, status=0)], WRITE, since=2) == 28


def test_reasons_are_those_of_first_tries_that_failed():
    failed = Outcome(WRITE, "review", 2, 2, 503, 2.1, 302, 3, detail="refused: 503, again in 5 s")
    assert reasons([outcome(1), failed]) == {"write review 503 refused: 503, again in 5 s": 1}


# -- Caches and looks --------------------------------------------------------------------------------------------------


def test_an_answer_from_a_cache_does_not_end_a_gap():
    answers = [outcome(1), outcome(4.1, cached=True), outcome(9)]
    assert longest_gap(answers, READ) == 8


def test_a_look_follows_its_write_and_is_a_request_of_its_own():
    def send(kind, index, timeout):
        return Answer(302, look=lambda timeout: Answer(0, "unseen"))

    outcomes = Run(send, Schedule.constant(50, 0.1, 1)).start().join()
    kinds = [one.kind for one in outcomes]
    assert (kinds.count(WRITE), kinds.count(LOOK)) == (5, 5)
    assert {one.kind for one in failures(outcomes)} == {LOOK}


def test_looks_do_not_thin_out_lateness():
    late = Outcome(WRITE, "", 0, 1, 302, 1.1, 302, 1.1)
    look = outcome(2.1, LOOK)
    assert late_p99([late, look, look]) == 1
