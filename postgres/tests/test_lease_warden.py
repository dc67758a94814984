"""The early release, step by step: each condition alone stops it, each promise is kept, and doubt does nothing."""

import json

import pytest
from lease import decision
from lease.facts import ROOT
from lease_world import LEASES, SETTLED, A, B, P, change_config, change_sync, fenced_both, released


def test_a_dead_leader_is_released_when_both_voters_have_promised(world):
    world.rounds(decision.ROUNDS - 1)
    assert world.steps() == []
    world.rounds(1)
    assert world.steps() == ["fenced", "promised", "fenced", "promised", "released"]
    assert world.servers[A].fenced
    assert world.servers[B].fenced


@pytest.mark.parametrize(
    ("reaches", "heir"),
    [({A: (1, 9), B: (1, 10)}, B), ({A: (2, 9), B: (1, 10)}, A), ({A: (1, 9), B: (1, 9)}, A)],
    ids=["further", "on a later timeline", "equally far"],
)
def test_the_furthest_voter_has_the_key_at_once_on_the_lease_of_its_patroni(world, reaches, heir):
    for name, position in reaches.items():
        world.servers[name].reaches = position
    released(world)
    assert world.store.keys[ROOT + "leader"].value == heir
    assert world.store.keys[ROOT + "leader"].lease == LEASES[heir]


def test_a_voter_whose_patroni_is_gone_inherits_nothing_and_the_leader_keeps_its_key(world):
    world.servers[B].reaches = (1, 9000)
    world.store.delete(f"members/{B}")
    world.rounds(decision.ROUNDS)
    assert world.steps() == ["fenced", "promised"] * 2
    assert world.store.now.leader == P
    assert f"the furthest voter's Patroni is not there: {B}" in world.reasons


def test_afterwards_each_is_free_when_it_is_primary_or_follows(world):
    world.servers[B].reaches = (1, 9000)
    released(world)
    world.rounds(5)
    assert world.servers[A].fenced, "its Patroni still points it at the old leader"
    assert world.servers[B].fenced, "it has the lock and is not promoted yet"
    world.servers[A].follows, world.servers[B].standby = B, False
    world.rounds(1)
    assert not world.servers[A].fenced
    assert not world.servers[B].fenced
    assert world.store.now.promises == {}


def test_an_old_leader_that_leads_again_is_followed(world):
    released(world)
    world.store.put("leader", P)
    world.alive[P] = True
    world.rounds(1)
    assert not world.servers[A].fenced


@pytest.mark.parametrize("listed", [A, None], ids=["one voter", "none"])
def test_both_others_must_promise_whomever_the_sync_key_still_lists(world, listed):
    """A leader that lives strikes out whom it does not hear; each of them may have what it has acknowledged."""
    change_sync(world, sync_standby=listed)
    world.rounds(decision.ROUNDS + 1, A)
    assert world.steps() == ["fenced", "promised"]
    world.rounds(decision.ROUNDS, B)
    assert world.steps()[-1] == "released"


# -- Each condition alone stops it ------------------------------------------------------------------------------------


def settled(world, **changes):
    """For so long that nothing is left in the way but what they say."""
    change_config(world, **changes)
    world.settle()


CONDITIONS = {
    "the leader answers": lambda world: world.alive.update({P: True}),
    "this node receives from the leader": lambda world: [setattr(s, "silence", 0.1) for s in world.servers.values()],
    "commits are not strictly synchronous": lambda world: settled(world, synchronous_mode_strict=False),
    "commits are not synchronous by quorum": lambda world: settled(world, synchronous_mode=True),
    "maintenance": lambda world: settled(world, pause=True),
    "a switchover is under way": lambda world: world.store.put("failover", json.dumps({"leader": P})),
    "the voters are those of another leader": lambda world: change_sync(world, leader=B),
    "a voter is none of the three nodes": lambda world: change_sync(world, sync_standby=f"{A},postgres-9"),
    "whoever replicates votes": lambda world: change_sync(world, sync_standby="*"),
    "there is no leader": lambda world: world.store.delete("leader"),
    "Patroni points them elsewhere": lambda world: [setattr(s, "follows", B) for s in world.servers.values()],
    "the leader's address is not known": lambda world: world.store.delete(f"members/{P}"),
    "etcd is away": lambda world: setattr(world.store, "away", True),
    "what Patroni wrote is not understood": lambda world: world.store.put("sync", "[]"),
    "no standby": lambda world: [setattr(s, "standby", False) for s in world.servers.values()],
    "the log arrives": lambda world: [setattr(s, "calm", True) for s in world.servers.values()],
    "no room": lambda world: [setattr(warden, "is_full", lambda: True) for warden in world.wardens.values()],
}  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_without_any_one_condition_nothing_is_done(world, condition):
    CONDITIONS[condition](world)
    world.told.clear()
    before = dict(world.store.keys)
    world.rounds(10)
    assert world.steps() == []
    assert world.store.keys == before


def test_turned_off_nothing_is_done(world):
    world.wardens = {name: world.start(name, enabled=False) for name in (A, B)}
    world.rounds(1)
    asked = world.time
    world.rounds(10)
    assert world.steps() == []
    assert world.time == asked, "nobody is probed"


def test_turned_off_a_fence_of_before_is_lifted(world):
    fenced_both(world)
    world.wardens[A] = world.start(A, enabled=False)
    world.rounds(1, A)
    assert not world.servers[A].fenced
    assert world.store.now.promises == {}


def test_a_node_that_is_late_itself_does_not_judge(world):
    answers = world.answers

    def starved(host):
        world.time += 3
        return answers(host)

    for warden in world.wardens.values():
        warden.answers = starved
    world.rounds(10)
    assert world.steps() == []


@pytest.mark.parametrize("interruption", ["the leader answers once", "another leadership", "other voters"])
def test_the_rounds_must_follow_one_another(world, interruption):
    world.rounds(decision.ROUNDS - 1)
    if interruption == "the leader answers once":
        world.alive[P] = True
        world.rounds(1)
        world.alive[P] = False
    elif interruption == "another leadership":
        world.store.put("leader", P)
    else:
        change_sync(world)
    world.rounds(1)
    assert world.steps() == []


def test_who_leads_now_is_asked_before_it_is_called_silent(world):
    """Where the leader was a moment ago says nothing of the one that leads now."""
    world.rounds(decision.ROUNDS - 1, A)
    world.servers[A].follows = B
    world.store.put("leader", B, LEASES[B])
    change_sync(world, leader=B, sync_standby=f"{P},{A}")
    world.rounds(1, A)
    assert world.reasons[-1] == "the leader answers"


def test_new_settings_are_not_relied_on_before_two_leases_have_passed(world):
    """The leader may not have read them yet, and acknowledge alone."""
    change_config(world)
    world.rounds(1)
    world.time += SETTLED - 5
    world.rounds(2)
    assert world.steps() == []
    world.time += 5
    world.rounds(decision.ROUNDS)
    assert world.steps()[-1] == "released"


def test_settings_that_the_leader_has_read_are_relied_on_by_a_program_that_has_just_started(world):
    world.store.put("leader", P, LEASES[P])
    change_sync(world)
    world.wardens = {name: world.start(name) for name in (A, B)}
    assert released(world)


@pytest.mark.parametrize("key", ["config", "leader"])
def test_a_sync_key_that_is_older_than_the_settings_or_the_leadership_tells_nothing_of_them(world, key):
    world.store.put("leader", P, LEASES[P])
    change_sync(world)
    world.store.put(key, world.store.keys[ROOT + key].value)
    world.wardens = {name: world.start(name) for name in (A, B)}
    world.rounds(decision.ROUNDS + 1)
    assert world.steps() == []
    assert world.reasons[-1] == "the settings are new"


def test_a_new_leadership_is_judged_at_once_since_its_key_will_be_free_for_nobody(world):
    world.store.put("leader", P)
    assert released(world)
