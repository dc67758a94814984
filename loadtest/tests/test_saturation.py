"""What ran out first: three seconds in a row, in order of time, and why."""

import pytest

from loadtest.saturation import NOTHING, UNKNOWN, first

from .samples import BALANCER, made, record, sample, second


def run_of(*changes: dict, **more) -> dict:
    """One sample a second, each with its changes."""
    rows = [second(t, done=10 * (t + 1)) for t in range(len(changes))]
    return made(containers=record([sample(n + 1.0, **one) for n, one in enumerate(changes)]), per_second=rows, **more)


def test_nothing_ran_out():
    found = first(run_of(*[{}] * 10))
    assert (found["resource"], found["sentence"], found["also"]) == ("nothing", NOTHING, [])


def test_nothing_sampled_is_not_called_nothing_ran_out():
    assert first(run_of())["sentence"] == UNKNOWN


@pytest.mark.parametrize(
    ("change", "resource", "name"),
    [({"web": 0.95}, "cpu", "web-1"), ({"memory": 195}, "memory", "web-1"), ({"held": 0.5}, "throttled", "web-1"),
     ({"queued": 1}, "queue", "haproxy-1 web_safe"), ({"used": 32}, "slots", "haproxy-1 web_safe"),
     ({"host": 0.99}, "host", ""), ({"generator": 0.9}, "generator", "")],
)  # fmt: skip
def test_each_resource_over_its_threshold_for_three_seconds(change, resource, name):
    found = first(run_of({}, change, change, change, {}))
    assert (found["resource"], found["name"], found["at"]) == (resource, name, 1.0)
    assert found["rate"] == 25.0  # (10 + 20 + 30 + 40) / 4: the seconds 0 to 3 touch the spell
    assert name in found["sentence"]


def test_a_busy_machine_is_told_with_what_the_stack_took_of_it():
    found = first(run_of(*[{"host": 1.0}] * 4))
    assert found["sentence"].startswith("The machine's 2 cores were 100 % busy, 0.2 of them with the stack from 0 s on")


def test_a_burst_of_two_seconds_is_none():
    full = {"queued": 9}
    assert first(run_of(full, full, {}, full, full, {}))["resource"] == "nothing"


def test_a_gap_in_the_samples_ends_a_spell():
    full, gone = {"web": 1.0}, {"gone": True}
    assert first(run_of(full, full, gone, full, full))["resource"] == "nothing"


def test_the_first_one_is_named_and_the_others_follow_in_order():
    queue, host = {"queued": 4}, {"host": 1.0}
    found = first(run_of({}, host, host | queue, host | queue, queue, {}))
    assert [found["resource"], *(one["resource"] for one in found["also"])] == ["host", "queue"]


def test_in_the_same_second_the_narrower_one_explains_the_wider():
    full = {"host": 1.0, "web": 0.99}
    assert first(run_of(full, full, full))["resource"] == "cpu"


def test_a_container_without_a_limit_may_use_all_cores():
    samples = [sample(n + 1.0) for n in range(4)]
    for one in samples:
        one["containers"][BALANCER][0] = 1.9
    found = first(made(containers=record(samples)))
    assert (found["name"], found["figure"]) == (BALANCER, 0.95)


def test_the_peak_is_that_of_the_spell_and_not_of_a_later_one():
    found = first(run_of({"queued": 2}, {"queued": 5}, {"queued": 3}, {}, {"queued": 90}))
    assert found["figure"] == 5
    assert "(up to 5)" in found["sentence"]
