"""The breaker and the budget, by a clock of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.breaker import LATELY_SECONDS, LEAST, ServiceBreaker
from gateway.budget import Budget


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return ServiceBreaker(2.0, clock)


def fail(breaker, times=LEAST):
    for _ in range(times):
        breaker.failed()


def test_a_few_failures_open_nothing(breaker):
    fail(breaker, LEAST - 1)
    assert breaker.allows()
    assert breaker.left == 0


def test_enough_of_them_do(breaker, clock):
    fail(breaker)
    assert not breaker.allows()
    assert breaker.left == 2
    clock.now += 0.5
    assert breaker.left == 1.5


def test_unless_most_calls_end_well(breaker):
    for _ in range(2 * LEAST):
        breaker.succeeded()
    fail(breaker, 2 * LEAST - 1)
    assert breaker.allows()
    fail(breaker, 1)
    assert not breaker.allows()


def test_what_was_long_ago_does_not_count(breaker, clock):
    fail(breaker, LEAST - 1)
    clock.now += LATELY_SECONDS
    fail(breaker, 1)
    assert breaker.allows()


def test_one_is_let_through_each_pause(breaker, clock):
    fail(breaker)
    for _ in range(3):
        clock.now += 2
        assert [breaker.allows() for _ in range(3)] == [True, False, False]
        breaker.failed()


def test_whose_call_says_nothing_leaves_it_open_for_the_next(breaker, clock):
    fail(breaker)
    clock.now += 2
    assert [breaker.allows(), breaker.allows()] == [True, False]
    clock.now += 2
    assert breaker.allows()


def test_one_good_call_closes_it_and_what_was_is_forgotten(breaker, clock):
    fail(breaker)
    clock.now += 2
    assert breaker.allows()
    breaker.succeeded()
    fail(breaker, LEAST - 2)
    assert all(breaker.allows() for _ in range(3))


@given(some.lists(some.booleans(), max_size=300), some.floats(0, 1), some.integers(0, 20))
def test_of_n_calls_no_more_than_reserve_and_share_are_sent_again(events, share, reserve):
    budget = Budget(share, reserve)
    calls = again = 0
    for is_call in events:
        if is_call:
            budget.earn()
            calls += 1
        else:
            again += budget.spend()
        assert again <= reserve + share * calls + 1e-6


def test_what_is_not_used_is_kept_up_to_the_reserve():
    budget = Budget(0.5, 2)
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
