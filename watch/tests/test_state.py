"""Facts in, events out."""

import pytest

from watch.facts import CUT, DOWN, PAUSED, SICK, UP, Balanced, Changed, Database, Listed, Probed, Request, Sessions
from watch.state import SILENT, STARTING, State

BEGAN = 1000.0
NODES = ["nginx", "haproxy-1", "web-1", "web-2", "postgres-1", "postgres-2", "etcd-1", "etcd-2", "etcd-3", "redis-1"]


@pytest.fixture
def state() -> State:
    state = State(BEGAN)
    state.take(Listed(dict.fromkeys(NODES, UP)), BEGAN)
    return state


def told(state: State) -> list[str]:
    return [event.text for event in state.events]


def balanced(*primaries: str, name="haproxy-1", seconds=60.0) -> Balanced:
    return Balanced(name, True, dict.fromkeys(primaries, seconds), (2, 2))


# -- Containers --------------------------------------------------------------------------------------------------------


def test_the_first_list_is_no_news(state):
    assert told(state) == []


def test_a_container_that_dies_and_comes_back_is_told_with_its_time_away(state):
    state.take(Changed("web-2", DOWN), BEGAN + 5)
    state.take(Changed("web-2", UP), BEGAN + 17)
    assert told(state) == ["web-2 down", "web-2 up, was down for 12 s"]


def test_a_change_is_told_once_by_event_and_list(state):
    state.take(Changed("web-2", DOWN), BEGAN + 5)
    state.take(Listed(dict.fromkeys(NODES, UP) | {"web-2": DOWN}), BEGAN + 6)
    assert told(state) == ["web-2 down"]


def test_a_list_soon_after_an_event_does_not_undo_it(state):
    """Seen under load: the engine reports the end, and lists the container as running six seconds later."""
    state.take(Changed("web-2", DOWN), BEGAN + 5)
    state.take(Listed(dict.fromkeys(NODES, UP)), BEGAN + 11)
    assert told(state) == ["web-2 down"]
    state.take(Listed(dict.fromkeys(NODES, UP)), BEGAN + 25)
    assert told(state) == ["web-2 down", "web-2 up, was down for 20 s"]


def test_a_list_tells_what_no_event_told(state):
    state.take(Listed({name: UP for name in NODES if name != "web-2"}), BEGAN + 20)
    assert told(state) == ["web-2 down"]


def test_a_paused_container_is_neither_up_nor_down(state):
    state.take(Changed("web-1", PAUSED), BEGAN + 5)
    state.take(Changed("web-1", UP), BEGAN + 65)
    assert told(state) == ["web-1 paused", "web-1 up, was paused for 60 s"]


def test_a_container_that_ends_is_down_and_not_cut_off(state):
    """The engine takes its networks away too, just before or after its end."""
    state.take(Changed("web-1", CUT), BEGAN + 5)
    state.take(Changed("web-1", DOWN), BEGAN + 5.1)
    state.take(Changed("web-2", DOWN), BEGAN + 5)
    state.take(Changed("web-2", CUT), BEGAN + 5.1)
    state.settle(BEGAN + 9)
    assert told(state) == ["web-1 down", "web-2 down"]


def test_a_running_container_without_its_network_is_cut_off_until_it_has_it_again(state):
    state.take(Changed("web-1", CUT), BEGAN + 5)
    state.settle(BEGAN + 9)
    state.take(Listed(dict.fromkeys(NODES, UP)), BEGAN + 30)  # it may have another network left
    assert state.condition("web-1", BEGAN + 31) == CUT
    state.take(Changed("web-1", UP), BEGAN + 65)
    assert told(state) == ["web-1 cut off its network", "web-1 up, was cut off its network for 60 s"]


def test_a_failing_health_check_is_shown_and_no_news(state):
    state.take(Listed(dict.fromkeys(NODES, UP) | {"web-1": SICK}), BEGAN + 20)
    assert state.condition("web-1", BEGAN + 21) == SICK
    state.take(Listed(dict.fromkeys(NODES, UP)), BEGAN + 40)
    assert state.condition("web-1", BEGAN + 41) == UP
    assert told(state) == []


def test_an_engine_that_does_not_answer_changes_no_container(state):
    state.take(Listed(None), BEGAN + 10)
    assert not state.engine_answers
    assert state.condition("web-1", BEGAN + 10) == UP


@pytest.mark.parametrize(
    ("node", "fact"),
    [
        ("haproxy-1", Balanced("haproxy-1", answered=False)),
        ("postgres-2", Database({"postgres-1": ("running", None), "postgres-2": ("starting", None)}, {})),
        ("etcd-2", Database({}, {"etcd-1": True, "etcd-3": False})),
        ("redis-1", Sessions("redis-2", frozenset({"redis-1"}))),
    ],
)
def test_a_server_that_runs_and_does_not_answer_is_starting_then_silent(state, node, fact):
    state.take(fact, BEGAN + 1)
    assert state.condition(node, BEGAN + 10) == STARTING
    assert state.condition(node, BEGAN + 100) == SILENT
    assert state.condition("web-1", BEGAN + 100) == UP


# -- Roles -------------------------------------------------------------------------------------------------------------


def test_the_first_primary_is_no_news_and_known_since_it_became_one(state):
    state.take(balanced("postgres-1", seconds=300), BEGAN)
    assert (state.primary.name, state.primary.since) == ("postgres-1", BEGAN - 300)
    assert told(state) == []


def test_a_killed_primary_is_missed_from_its_death_on(state):
    state.take(balanced("postgres-1"), BEGAN)
    state.take(Changed("postgres-1", DOWN), BEGAN + 10)
    state.take(balanced(), BEGAN + 11.5)
    state.take(balanced("postgres-2", seconds=0), BEGAN + 29.1)
    assert told(state) == [
        "postgres-1 down",
        "no Postgres primary: writes wait, reads go on",
        "postgres-2 is primary, writes waited 19.1 s",
    ]


def test_a_primary_that_hands_over_is_missed_from_when_the_balancers_say_so(state):
    state.take(balanced("postgres-1"), BEGAN)
    state.take(balanced(), BEGAN + 10)
    state.take(balanced("postgres-2", seconds=0), BEGAN + 11.8)
    assert told(state)[-1] == "postgres-2 is primary, writes waited 1.8 s"


def test_while_one_balancer_still_names_the_old_primary_nothing_is_told(state):
    state.take(balanced("postgres-1"), BEGAN)
    state.take(balanced("postgres-1", name="haproxy-2"), BEGAN)
    state.take(balanced("postgres-2"), BEGAN + 5)
    assert told(state) == []
    state.take(balanced("postgres-2", name="haproxy-2", seconds=1), BEGAN + 6)
    assert told(state) == ["postgres-2 is primary"]


def test_balancers_that_do_not_answer_say_nothing_about_the_primary(state):
    state.take(balanced("postgres-1"), BEGAN)
    state.take(Balanced("haproxy-1", answered=False), BEGAN + 5)
    assert state.primary.name == "postgres-1"
    assert told(state) == []


def test_a_view_that_begins_without_a_primary_tells_the_first_one(state):
    state.take(balanced(), BEGAN)
    state.take(balanced("postgres-2", seconds=0), BEGAN + 4)
    assert told(state) == ["postgres-2 is primary, writes waited 4.0 s"]


def test_a_new_master_and_a_new_leader_are_told(state):
    state.take(Sessions("redis-1"), BEGAN)
    state.take(Sessions("redis-2"), BEGAN + 5)
    state.take(Database({}, {"etcd-1": True, "etcd-2": False}), BEGAN)
    state.take(Database({}, {"etcd-2": False}), BEGAN + 5)
    state.take(Database({}, {"etcd-2": False, "etcd-3": True}), BEGAN + 7)
    assert told(state) == [
        "redis-2 is the Redis master",
        "etcd has no leader: no failover of Postgres until it has",
        "etcd-3 leads etcd",
    ]


# -- Traffic -----------------------------------------------------------------------------------------------------------


def test_errors_are_told_when_they_begin_and_not_one_by_one(state):
    for second in range(5):
        state.take(Request(502, 0.1, "web-1"), BEGAN + second)
    state.take(Request(500, 0.1, "web-1"), BEGAN + 30)
    assert told(state) == ["errors begin: 502 from web-1", "errors begin: 500 from web-1"]


def test_a_refusal_is_no_error(state):
    state.take(Request(503, 0.1, "edge"), BEGAN)
    state.take(Request(429, 0.1, "edge"), BEGAN)
    found = state.traffic.figures(BEGAN + 2)
    assert (found.errors, found.refused) == (0, 2)
    assert told(state) == []


def test_an_edge_that_is_silent_is_told_once_with_the_time(state):
    for second, status in enumerate([200, 0, 0, 200]):
        state.take(Probed(status), BEGAN + second)
    assert told(state) == ["the edge does not answer", "the edge answers again, after 2.0 s"]


def test_figures_are_of_whole_seconds_of_the_window_only(state):
    for second, duration, by in [(-20, 9.0, "web-1"), (0, 0.010, "web-1"), (3, 0.030, "cache"), (9.5, 0.5, "web-2")]:
        state.take(Request(200, duration, by), BEGAN + second)
    found = state.traffic.figures(BEGAN + 9.9)
    assert found.rate == 0.2
    assert (found.p50, found.p95) == (0.030, 0.030)
    assert found.shares == {"web-1": 0.5, "cache": 0.5}


def test_a_minute_is_kept_and_no_more(state):
    for second in range(300):
        state.take(Request(200, 0.01, "web-1"), BEGAN + second)
    assert len(state.traffic.seconds) <= 62
    assert [one.requests for one in state.traffic.last(60, BEGAN + 299)] == [1] * 60


def test_new_events_are_those_after_the_ones_known(state):
    state.take(Changed("web-1", DOWN), BEGAN + 1)
    known = state.said
    state.take(Changed("web-2", DOWN), BEGAN + 2)
    assert [event.text for event in state.new_events(known)] == ["web-2 down"]
    assert state.new_events(state.said) == []


def test_a_fact_of_no_kind_is_a_mistake(state):
    with pytest.raises(TypeError):
        state.take("up", BEGAN)
