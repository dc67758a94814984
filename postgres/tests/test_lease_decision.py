"""What a round may do, from facts alone."""

from dataclasses import replace

from lease import decision
from lease.facts import Promise
from lease.warden import QUIET
from lease_world import SETTLED, A, B, P


def test_what_a_person_reads_comes_in_a_sensible_order(world):
    now, own = world.store.now, world.servers[A].own()
    asked = {"leader_answers": False, "on_time": True, "has_room": True, "quiet": QUIET, "stood": SETTLED}
    assert decision.obstacle(now, own, A, **asked) is None
    assert decision.obstacle(replace(now, leader=None), own, A, **asked) == "there is no leader"
    assert decision.obstacle(replace(now, leader=A), own, A, **asked) == "this node is the leader"
    assert decision.obstacle(now, own, A, **asked | {"has_room": False}) == "this node has no room"


def test_promises_of_all_but_the_leader_are_complete(world):
    now = world.store.now
    of = {name: Promise(*now.reign, 1, 5000, 20) for name in (P, A, B)}
    assert decision.all_promised(replace(now, promises={A: of[A], B: of[B]}), now.reign) == {A: of[A], B: of[B]}
    assert decision.all_promised(replace(now, promises={A: of[A], P: of[P]}), now.reign) is None
    later = replace(now, promises={A: of[A], B: of[B]}, sync_revision=now.sync_revision + 1)
    assert decision.all_promised(later, now.reign) is None, "of a reign that is over"
