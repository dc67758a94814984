"""Profiles are data that can be played; what a call sets is judged before anything starts."""

from collections import Counter
from dataclasses import replace

import pytest

from loadtest.buying import ORDERING
from loadtest.journeys import STEPS
from loadtest.profiles import REQUESTS_MAX, Refused, order, plan, profiles

THRESHOLDS = {"p95", "p99", "error_share", "refused_share"}
OF_ORDERS = {"confirmed_p50", "confirmed_p95"}


@pytest.mark.parametrize("name", profiles())
class TestEach:
    def test_has_steps_that_exist_and_every_threshold(self, name):
        profile = profiles()[name]
        assert set(profile.mix) <= STEPS.keys()
        assert set(profile.thresholds) == THRESHOLDS | (OF_ORDERS if profile.share(*ORDERING) else set())
        assert profile.about

    def test_fills_its_seconds(self, name):
        profile = profiles()[name]
        assert sum(seconds for seconds, _ in profile.arrivals) == pytest.approx(profile.seconds)

    def test_can_be_called(self, name):
        assert plan({"PROFILE": name}) == profiles()[name]


def test_the_five_profiles_are_there_and_mixed_is_the_default():
    assert list(profiles()) == ["browse", "buy", "mixed", "spike", "overload", "soak"]
    assert plan({}).name == "mixed"


def test_nobody_writes_who_only_browses():
    assert {STEPS[step].kind for step in profiles()["browse"].mix} == {"read"}


def test_half_of_buying_is_writing():
    buy = profiles()["buy"]
    assert sum(buy.share(step) for step in buy.mix if STEPS[step].kind == "write") > 0.5


def test_buying_has_its_whole_course_in_the_shop_and_over_the_api():
    course = {"register", "product", "order", "cancel", "api_register", "api_product", "api_order", "api_cancel"}
    assert course <= profiles()["buy"].mix.keys()


def test_who_only_browses_asks_no_api():
    assert [name for name, profile in profiles().items() if profile.asks_api] == ["buy", "mixed", "soak"]


def test_a_spike_is_over_before_the_run_ends():
    rates = [rate for _, rate in profiles()["spike"].arrivals]
    assert rates[0] == rates[-1] < rates[1] == profiles()["spike"].peak


def test_a_call_changes_the_profile_and_its_peak():
    changed = plan({"PROFILE": "spike", "RATE": "40", "USERS": "7", "DURATION": "8", "SEED": "3"})
    assert (changed.rate, changed.users, changed.seconds, changed.seed) == (40, 7, 8, 3)
    assert changed.peak == 120


def test_an_empty_setting_is_not_a_setting():
    assert plan({"PROFILE": "", "RATE": "", "USERS": " ", "DURATION": "", "SEED": ""}) == plan({})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PROFILE", "heavy", "use browse, buy, mixed, spike, overload, soak"),
        ("RATE", "fast", "is not a number"),
        ("RATE", "nan", "out of bounds"),
        ("RATE", "0", "use 1 to 5000"),
        ("RATE", "50000", "use 1 to 5000"),
        ("USERS", "2.5", "is not a whole number"),
        ("USERS", "501", "use 1 to 500"),
        ("DURATION", "4", "use 5 to 3600"),
        ("DURATION", "1h", "is not a whole number"),
        ("SEED", "-1", "out of bounds"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_what_to_do(name, value, said):
    with pytest.raises(Refused) as refused:
        plan({name: value})
    assert value in str(refused.value)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_more_requests_than_are_kept_are_refused():
    with pytest.raises(Refused, match=f"{REQUESTS_MAX} in all"):
        plan({"RATE": "5000", "DURATION": "3600"})


def test_a_spike_above_the_bound_says_which_rate_fits():
    with pytest.raises(Refused, match="use at most 1666"):
        plan({"PROFILE": "spike", "RATE": "2000"})


def test_the_order_has_the_mix_and_depends_on_the_seed_alone():
    mixed = plan({})
    steps = order(mixed)
    assert len(steps) >= mixed.requests
    assert Counter(steps[:100]) == mixed.mix, "each block is the mix"
    assert steps == order(plan({}))
    assert steps != order(replace(mixed, seed=mixed.seed + 1))
