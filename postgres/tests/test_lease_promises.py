"""A promise: given behind a fence, under what was seen; kept, or taken back, before the fence is lifted."""

import json

import pytest
from lease import decision
from lease.facts import PROMISES, ROOT, Doubt, Promise
from lease.warden import FENCED
from lease_world import LEASES, SETTLED, A, B, P, change_config, change_sync, fenced_both, released


def test_one_voter_alone_gives_up_and_is_free_again(world):
    world.servers[B].calm = True
    world.rounds(decision.ROUNDS, A)
    assert world.store.now.leader == P
    world.time += FENCED
    world.rounds(1)
    assert world.steps() == ["fenced", "promised", "withdrew"]
    assert not world.servers[A].fenced
    assert world.store.now.promises == {}


def test_a_leader_that_answers_again_is_served_again(world):
    fenced_both(world)
    world.alive[P] = True
    world.rounds(1, A)
    assert world.steps() == ["fenced", "promised", "withdrew"]
    assert not world.servers[A].fenced


def test_a_release_between_a_look_and_a_withdrawal_keeps_the_fence(world):
    """From that moment on nobody may take his promise back (0028, I3)."""
    fenced_both(world)
    world.alive[P] = True
    kept = world.store.change

    def released_first(conditions, **change):
        world.store.change = kept
        world.store.put("leader", B, LEASES[B])
        return kept(conditions, **change)

    world.store.change = released_first
    world.rounds(1, A)
    assert world.store.now.promises[A].leader == P
    assert world.servers[A].fenced
    assert "withdrew" not in world.steps()


def test_a_voter_without_room_does_not_promise_and_the_leader_keeps_its_key(world):
    world.wardens[B].is_full = lambda: True
    world.rounds(10)
    assert (world.steps(B), world.store.now.leader) == ([], P)
    assert "this node has no room" in world.reasons


def test_a_voter_that_has_promised_keeps_its_word_when_its_volume_fills_up(world):
    fenced_both(world)
    world.wardens[A].is_full = lambda: True
    world.rounds(decision.ROUNDS, B)
    world.rounds(1, A)
    assert world.steps() == ["fenced", "promised", "fenced", "promised", "released"]
    assert world.servers[A].fenced


def test_a_fence_that_is_not_in_force_in_time_is_looked_at_again(world):
    world.servers[A].quiet = False
    world.rounds(decision.ROUNDS + 1, A)
    assert world.steps() == ["fenced"]
    assert world.store.now.promises == {}
    world.servers[A].quiet = True
    world.rounds(1, A)
    assert world.steps() == ["fenced", "promised"]
    assert world.servers[A].fences == 3


def test_a_fence_that_never_is_in_force_is_given_up_without_a_promise(world):
    world.servers[A].quiet = False
    while "withdrew" not in world.steps():
        world.rounds(1, A)
        assert world.store.now.promises == {}
        assert world.time < 100 + SETTLED + FENCED + 5
    assert not world.servers[A].fenced


def test_a_fence_that_is_found_takes_three_bad_rounds_to_a_promise_as_any_other(world):
    """Left by a crash between fence and promise."""
    world.servers[A].fenced = True
    world.wardens[A].known = False
    world.rounds(decision.ROUNDS - 1, A)
    assert world.steps() == []
    world.rounds(1, A)
    assert world.steps() == ["promised"]


@pytest.mark.parametrize("key", ["leader", "sync", PROMISES + A])
def test_a_promise_fails_when_something_has_changed_meanwhile(world, key):
    values = {"leader": P, "sync": json.dumps({"leader": P, "sync_standby": f"{A},{B}"}), PROMISES + A: ""}
    world.servers[A].before_fence = lambda: world.store.put(key, values[key])
    world.rounds(decision.ROUNDS, A)
    assert world.steps() == ["fenced"]


def test_a_bound_voter_is_not_free_because_the_leader_is_another_one(world):
    """Under the old promise it stays fenced, also over a restart of this program."""
    released(world)
    world.store.put("leader", B)
    world.wardens[A] = world.start(A)
    world.rounds(5, A)
    assert world.servers[A].fenced


def recorded(world):
    """-> the emptied words that are sent from now on, as calls that can be made again"""
    sent, change = [], world.store.change

    def and_remember(conditions, *, put, lease=0):
        if "" in put.values():
            sent.append(lambda: change(conditions, put=put))
        return change(conditions, put=put, lease=lease)

    world.store.change = and_remember
    return sent


def led_by(world, leader):
    """The key and the sync key are that node's; it is the primary, and Patroni has pointed the other one at it."""
    world.store.put("leader", leader, LEASES[leader])
    change_sync(world, leader=leader, sync_standby=",".join(sorted({P, A, B} - {leader})))
    world.servers[leader].standby = False
    for server in world.servers.values():
        server.follows = leader


def test_a_take_back_that_arrives_late_frees_nobody_of_what_was_promised_since(world):
    """Sent to a member of etcd that stands still; another one has answered for it."""
    released(world)
    led_by(world, B)
    sent = recorded(world)
    world.rounds(2, A)
    assert world.steps(A)[-1] == "lifted"
    world.time += SETTLED
    world.alive[B] = False
    world.rounds(decision.ROUNDS, A)
    assert world.steps(A)[-1] == "promised"
    assert [again() for again in sent] == [False]
    world.store.put("leader", P, LEASES[P])  # released by the third node, and B wakes
    world.alive |= {P: True, B: True}
    assert [again() for again in sent] == [False]
    world.rounds(5, A)
    assert world.servers[A].fenced
    assert world.steps(A)[-1] == "promised"


def test_a_node_is_lifted_only_under_the_leadership_that_was_looked_at(world):
    released(world)
    led_by(world, B)
    kept = world.store.change

    def meanwhile(conditions, **change):
        world.store.put("leader", P, LEASES[P])
        return kept(conditions, **change)

    world.store.change = meanwhile
    world.rounds(1, A)
    assert world.servers[A].fenced
    assert world.store.now.promises[A]


def test_a_promise_that_is_not_understood_counts_for_none(world):
    world.store.put(PROMISES + B, json.dumps({"leader": P}))
    world.rounds(decision.ROUNDS + 2, A)
    assert world.steps(A) == ["fenced", "promised"]
    assert world.store.now.leader == P


def test_ones_own_promise_that_is_not_understood_binds_while_nobody_leads(world):
    world.store.put(PROMISES + A, json.dumps({"leader": P}))
    world.servers[A].fenced, world.wardens[A].known = True, False
    world.store.delete("leader")
    world.rounds(decision.ROUNDS + 1, A)
    assert (world.steps(A), world.servers[A].fenced) == ([], True)


def test_ones_own_promise_that_is_not_understood_is_taken_back_before_another_is_given(world):
    world.store.put(PROMISES + A, json.dumps({"leader": P}))
    world.servers[A].fenced, world.wardens[A].known = True, False
    world.rounds(decision.ROUNDS + 1, A)
    assert world.steps(A) == ["lifted", "fenced", "promised"]


@pytest.mark.parametrize("sync_standby", [f"{A},{B}", B])
def test_a_fence_without_a_promise_is_lifted(world, sync_standby):
    """Left by a crash between the two, or come with a copy of another node's files, by pg_rewind for instance."""
    change_sync(world, sync_standby=sync_standby)
    world.servers[A].fenced, world.alive[P] = True, True
    world.wardens[A].known = False  # as after any end of Postgres, and at the start
    world.rounds(1, A)
    assert not world.servers[A].fenced


def test_after_postgres_was_away_its_files_may_be_anothers(world):
    """A rewind ends it, so the fence that comes with it is looked for."""
    server = world.servers[A]
    server.is_calm = lambda seconds: (_ for _ in ()).throw(Doubt("Postgres does not answer"))
    world.alive[P] = True
    world.rounds(1, A)
    server.fenced, server.is_calm = True, lambda seconds: False
    world.rounds(1, A)
    assert not server.fenced


def test_a_promise_without_a_fence_is_taken_back(world):
    """The data directory was made anew."""
    fenced_both(world)
    world.servers[A].fenced, world.alive[P] = False, True
    world.wardens[A] = world.start(A)
    world.rounds(1, A)
    assert world.store.now.promises == {}


@pytest.mark.parametrize("key", ["leader", "sync", "config", "failover", PROMISES + A, PROMISES + B])
def test_a_release_fails_when_anything_has_changed_meanwhile(world, key):
    fenced_both(world)
    kept = world.store.change

    def meanwhile(conditions, *, put, lease=0):
        if lease:
            old = world.store.keys.get(ROOT + key)
            world.store.put(key, old.value if old else "")
        return kept(conditions, put=put, lease=lease)

    world.store.change = meanwhile
    world.rounds(decision.ROUNDS, B)
    assert "released" not in world.steps()
    assert world.store.now.leader == P


ASKED = {
    "a pause": lambda world: change_config(world, pause=True),
    "not strict any more": lambda world: change_config(world, synchronous_mode_strict=False),
    "a switchover": lambda world: world.store.put("failover", json.dumps({"leader": P, "member": A})),
}


@pytest.mark.parametrize("what", ASKED)
def test_what_is_asked_for_while_a_node_fences_itself_is_heeded(world, what):
    """It has judged its round before, and the other voter's promise is there already."""
    fenced_both(world)
    world.servers[B].before_fence = lambda: ASKED[what](world)
    world.rounds(decision.ROUNDS, B)
    assert world.steps(B) == ["fenced", "promised"]
    assert world.store.now.leader == P
    world.rounds(1, B)
    assert world.steps(B)[-1] == "withdrew"


def test_an_heir_whose_lease_has_ended_meanwhile_gets_nothing(world):
    fenced_both(world)
    world.store.ended = {LEASES[A], LEASES[B]}
    world.rounds(decision.ROUNDS, B)
    assert world.store.now.leader == P
    assert any(reason.startswith("in doubt: ") for reason in world.reasons)


def test_a_promise_under_other_voters_counts_for_nothing(world):
    fenced_both(world)
    change_sync(world)
    world.rounds(decision.ROUNDS, B)
    assert world.steps(B) == ["fenced", "promised"]
    assert world.store.now.leader == P


def test_a_promise_of_another_leadership_counts_for_nothing(world):
    world.store.put(PROMISES + B, Promise(P, 3, 4, 1, 5000).text)
    world.rounds(decision.ROUNDS, A)
    assert world.steps() == ["fenced", "promised"]
    assert world.store.now.leader == P


def test_etcd_away_behind_the_fence_changes_nothing(world):
    fenced_both(world)
    world.store.away = True
    world.time += 60
    world.rounds(3, A)
    assert world.servers[A].fenced
    world.store.away = False
    world.rounds(1, A)
    assert world.steps()[-1] == "withdrew"


def test_behind_the_fence_a_late_round_of_its_own_changes_nothing(world):
    fenced_both(world)
    world.store.put(PROMISES + B, Promise(*world.store.now.reign, 1, 5000).text)
    world.wardens[A].answers = lambda host: setattr(world, "time", world.time + 2)
    world.rounds(1, A)
    assert world.steps() == ["fenced", "promised"]
    world.rounds(2, A)
    assert world.steps()[-1] == "withdrew", "it is late for too long"
