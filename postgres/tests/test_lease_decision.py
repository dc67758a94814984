"""What a round may do, from facts alone."""

from dataclasses import replace

from lease import decision
from lease.warden import QUIET
from lease_world import A, P


def test_what_a_person_reads_comes_in_a_sensible_order(world):
    now, own = world.store.now, world.servers[A].own()
    asked = {"leader_answers": False, "on_time": True, "quiet": QUIET, "stood": decision.SETTLED}
    assert decision.obstacle(now, own, A, **asked) is None
    assert decision.obstacle(replace(now, leader=None), own, A, **asked) == "there is no leader"
    assert decision.obstacle(replace(now, leader=A), own, A, **asked) == "this node is the leader"


def test_the_leader_is_not_counted_among_the_voters(world):
    now = replace(world.store.now, voters=frozenset({P, A}))
    asked = {"leader_answers": False, "on_time": True, "quiet": QUIET, "stood": decision.SETTLED}
    assert decision.obstacle(now, world.servers[A].own(), A, **asked) == "there are too few voters"
