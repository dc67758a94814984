"""The early release when a reason lasts: it neither fences again and again nor talks again and again."""

import pytest
from lease import decision
from lease.facts import PROMISES, Promise
from lease.warden import FENCED
from lease_world import HOSTS, SETTLED, A, B, P


def in_vain(world):
    """A alone is cut off from a leader that lives, and gives up."""
    world.servers[B].calm = True
    while "withdrew" not in world.steps():
        world.rounds(1, A)
    return world


def test_a_fence_in_vain_is_followed_by_a_rest_that_doubles_to_a_minute(world):
    world.servers[B].calm = True
    while len(world.times) < 6:
        world.rounds(1, A)
    rests = [then - before - FENCED for before, then in zip(world.times, world.times[1:], strict=False)]
    for rest, least in zip(rests, (10, 20, 40, 60, 60), strict=True):
        assert least <= rest < least + 2


def test_a_voter_that_rests_joins_another_at_once(world):
    in_vain(world)
    world.rounds(decision.ROUNDS, A)
    assert world.steps(A)[-1] == "withdrew", "it rests"
    world.servers[B].calm = False
    world.rounds(decision.ROUNDS, B)
    world.rounds(1, A)
    assert world.steps()[-3:] == ["fenced", "promised", "released"]


def test_its_own_promise_is_no_other_voter(world):
    """Left by a data directory that is gone."""
    in_vain(world)
    world.rounds(decision.ROUNDS, A)
    world.store.put(PROMISES + A, Promise(*world.store.now.reign, 1, 5000).text)
    world.rounds(1, A)
    assert world.steps(A)[-1] == "withdrew"


SIGNS = {
    "the log arrives": lambda world: setattr(world.servers[A], "calm", True),
    "the leader answers": lambda world: world.alive.update({P: True}),
    "another leadership": lambda world: world.store.put("leader", P),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_the_rest_is_over_when_the_leader_is_heard_or_is_another(world, sign):
    in_vain(world)
    SIGNS[sign](world)
    world.rounds(1, A)
    world.time += SETTLED if sign == "another leadership" else 0
    world.servers[A].calm, world.alive[P] = False, False
    world.rounds(decision.ROUNDS, A)
    assert world.steps(A)[-1] == "promised"


def test_signs_of_life_that_alternate_are_no_news(world):
    for name in (A, B):
        world.wardens[name].host = HOSTS[P]
    world.alive[P], world.reasons = True, []
    for calm in (True, False) * 5:
        world.servers[A].calm = calm
        world.rounds(1, A)
    assert world.reasons == []
    world.alive[P] = False
    world.rounds(1, A)
    world.servers[A].calm = True
    world.rounds(1, A)
    assert world.reasons == ["the leader is silent", "the log arrives"]
