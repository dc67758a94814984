"""The good client: what it tries again, when, and that the first try stays on record."""

import threading
import time

import pytest

from loadtest.figures import failures, longest_gap
from loadtest.judged import seconds
from loadtest.openloop import LIMIT, READ, WRITE, Answer, Outcome, Run, Schedule
from loadtest.retry import Retry

QUICK = Retry(first=0.02, longest=0.04)


def play(answers, retry=QUICK, count=1):
    """Each try takes the next of the answers; -> (outcomes, when each try was made)."""
    left, times = list(answers), []

    def send(kind, index, timeout):
        times.append((index, time.monotonic()))
        return left.pop(0)

    return Run(send, Schedule.constant(50, count / 50), retry=retry).start().join(), times


@pytest.mark.parametrize("status", [0, 429, 502, 503, 504])
def test_the_first_try_stays_on_record_beside_the_last(status):
    (outcome,), times = play([Answer(status, "no"), Answer(200, replica="web-2")])
    assert (outcome.first_status, outcome.status, outcome.tries, outcome.replica) == (status, 200, 2, "web-2")
    assert not outcome.raw_good
    assert outcome.good
    assert outcome.first_end < outcome.end
    assert failures([outcome]) == [outcome]
    assert failures([outcome], final=True) == []
    assert {index for index, _ in times} == {0}


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 409, 422, 500, 600])
def test_other_answers_are_final(status):
    (outcome,), _ = play([Answer(status)])
    assert (outcome.status, outcome.tries) == (status, 1)


def test_retry_after_is_obeyed():
    _, times = play([Answer(503, retry_after=0.3), Answer(200)])
    assert times[1][1] - times[0][1] >= 0.3


def test_without_the_header_pauses_double_up_to_a_bound_with_jitter():
    retry, answer = Retry(tries=40, first=0.2, longest=1.0, jitter=0.5), Answer(0)
    pauses = [retry.pause(answer, tries, LIMIT) for tries in range(1, 40)]
    for pause, base in zip(pauses, [0.2, 0.4, 0.8, *[1.0] * 36], strict=True):
        assert base <= pause <= base * 1.5
    assert len(set(pauses)) > 30


def test_nothing_is_tried_after_the_limit():
    assert Retry().pause(Answer(503, retry_after=30), 1, left=29) is None
    assert Retry(jitter=0).pause(Answer(503, retry_after=30), 1, left=31) == 30


def test_a_first_try_that_ran_into_the_limit_is_a_failure():
    assert not Outcome(READ, "", 0, 0, 200, LIMIT + 0.1, 200, LIMIT + 0.1).raw_good
    assert Outcome(READ, "", 0, 0, 200, LIMIT, 200, LIMIT).raw_good


def test_a_retried_request_delays_no_other():
    """The second try of the first request waits until all others have ended."""
    tries, ended = [], threading.Semaphore(0)

    def send(kind, index, timeout):
        tries.append(index)
        if tries.count(0) < 2 and index == 0:
            return Answer(503)
        if index == 0:
            return Answer(200 if all(ended.acquire(timeout=30) for _ in range(5)) else 0)
        ended.release()
        return Answer(200)

    outcomes = Run(send, Schedule.constant(50, 0.12), retry=QUICK).start().join()
    assert [outcome.status for outcome in outcomes] == [200] * 6


def test_gaps_of_first_tries_and_of_the_client_with_retries():
    outcomes = [
        Outcome(WRITE, "", 1, 1, 302, 1.1, 302, 1.1),
        Outcome(WRITE, "", 2, 2, 503, 2.1, 302, 4.0, tries=3),
        Outcome(WRITE, "", 9, 9, 302, 9.1, 302, 9.1),
    ]
    assert longest_gap(outcomes, WRITE) == pytest.approx(8.0)
    assert longest_gap(outcomes, WRITE, final=True) == pytest.approx(5.1)


def test_the_policy_is_data():
    assert Retry().described()["statuses"] == (0, 429, 502, 503, 504)


@pytest.mark.parametrize(("text", "value"), [("5", 5.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None)])
def test_retry_after_is_whole_seconds(text, value):
    assert seconds(text) == value


def test_after_so_many_tries_a_person_gives_up():
    retry = Retry(tries=3)
    assert retry.pause(Answer(502), 2, LIMIT) is not None
    assert retry.pause(Answer(502), 3, LIMIT) is None
