"""Decision 0028, in every state that its model can reach; and that each of its rules is needed."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from lease_model import CORRECT, START, Bounds, steps
from lease_search import HARM, LEMMAS, SEARCHES, leading, lost_write, mirrored, search, trace, trap

PAUSED_LEADER, COPY = Bounds(pauses=1, paused="P"), Bounds(network=True, copies=1)
LATE = Bounds(network=True, losses=2, lost_answers=True)

# Every rule that can be left out, and the smallest search that shows why it is there.
WEAKER = {
    "strict": PAUSED_LEADER,
    "fence": PAUSED_LEADER,
    "fence_before_promise": PAUSED_LEADER,
    "fence_in_force": PAUSED_LEADER,
    "fence_outlives_patroni": PAUSED_LEADER,
    "put_compares_own_key": replace(PAUSED_LEADER, lost_answers=True),
    "every_voter": PAUSED_LEADER,
    "release_compares_promises": PAUSED_LEADER,
    "promise_names_leader": Bounds(network=True, elected=True, slow=1),
    "furthest_voter": PAUSED_LEADER,
    "key_is_never_free": replace(PAUSED_LEADER, pauses=2, losses=2),
    "withdraw_before_lift": PAUSED_LEADER,
    "withdraw_compares_leader": PAUSED_LEADER,
    "lift_when_following": PAUSED_LEADER,
    "lift_compares_word": LATE,
    "copy_takes_back": COPY,
    "copy_changes_word": replace(COPY, lost_answers=True),
    "copy_of_leader": COPY,
}


@cache
def found(name):
    return search(bounds=SEARCHES[name])


def without(rule):
    return replace(CORRECT, **{rule: False})


@pytest.mark.parametrize("name", SEARCHES)
def test_no_write_is_lost_no_second_primary_can_acknowledge_and_the_lemmas_hold(name, record_property):
    record_property("states", len(found(name).parents))
    assert not found(name).violation, str(found(name))


@pytest.mark.parametrize("name", SEARCHES)
def test_whatever_has_happened_the_cluster_can_become_whole_and_unfenced_when_nothing_more_fails(name):
    stuck = trap(found(name))
    assert not stuck, trace(found(name).parents, stuck)


@pytest.mark.parametrize("name", SEARCHES)
def test_without_the_early_release_the_model_is_sound_so_that_what_is_found_is_its_fault(name):
    result = search(without("early_release"), SEARCHES[name])
    assert not result.violation, str(result)


def test_a_leader_that_is_only_paused_is_replaced_and_the_new_one_acknowledges():
    assert any(
        state.etcd.ousted == 0 and leading(state) in (1, 2) and any(entry[0] == 2 for entry in state.acknowledged)
        for state in found("pauses").parents
    )


@pytest.mark.parametrize("rule", WEAKER)
def test_each_rule_is_needed_without_it_an_acknowledged_write_is_lost(rule):
    assert search(without(rule), WEAKER[rule], {"lost": lost_write}).violation, f"the model does not need {rule}"


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ("fence_before_promise", "I1: a promise without a fence"),
        ("copy_takes_back", "I1: a promise without a fence"),
        ("copy_changes_word", "I1: a promise without a fence"),
        ("every_voter", "I2: a release without every promise"),
        ("withdraw_compares_leader", "I3: a leader is served after its release"),
        ("promise_names_leader", "I3: a leader is served after its release"),
        ("lift_when_following", "I3: a leader is served after its release"),
    ],
)
def test_a_lemma_breaks_before_anything_is_lost(rule, first):
    assert search(without(rule), WEAKER[rule], HARM | LEMMAS).violation == first


def test_a_trace_tells_the_shortest_story_looking_is_not_enough():
    result = search(replace(without("fence"), key_is_never_free=False), PAUSED_LEADER, HARM)
    assert result.violation == "a replaced primary can still acknowledge"
    assert result.trace == (
        "P is paused",
        "A receives no longer",
        "B receives no longer",
        "A sees that no voter receives",
        "A deletes P's key",
        "A has the votes",
        "P goes on",
        "A takes the key",
        "A is promoted",
        "B receives from P",
    )


def test_a_living_leader_that_only_its_voters_cannot_reach_does_not_take_its_key_back():
    cut = Bounds(network=True)
    assert not any(state.etcd.ousted == 0 and state.etcd.leader == 0 for state in search(bounds=cut).parents)
    freed = search(without("key_is_never_free"), cut, {}).parents
    assert any(what == "P takes the key" for _, what in filter(None, freed.values()))


def test_a_fence_that_pg_rewind_has_copied_must_be_lifted_by_a_node_that_never_set_it():
    rules = without("found_fence_is_lifted")
    result = search(rules, SEARCHES["a voter dies before a paused leader"])
    stuck = trap(result, rules)
    assert any(node.fence and node.step == "calm" for node in stuck.nodes)
    assert "P is rewound to A" in trace(result.parents, stuck)


def test_a_and_b_differ_in_nothing_but_their_names():
    small = search(bounds=PAUSED_LEADER).parents
    assert mirrored(START) == START
    for state in small:
        assert mirrored(mirrored(state)) == state
        after = {mirrored(later) for _, later in steps(state, bounds=PAUSED_LEADER)}
        assert after == {later for _, later in steps(mirrored(state), bounds=PAUSED_LEADER)}
