"""Whom a drill hits: one that runs, or whoever has the role at that moment."""

from dataclasses import replace

import pytest
from stack.engine import Container

from drills import matrix, victims
from drills.lock import Refused


def container(service: str, number=1, state="running") -> Container:
    return Container(service, number, f"{service}{number}", state, f"flotilla-{service}-{number}")


@pytest.fixture
def stack(monkeypatch) -> list[Container]:
    found = [container("web"), container("web", 2, "exited"), container("redis-1"), container("redis-2")]
    monkeypatch.setattr(victims, "containers", lambda **_: found)
    return found


def led_by(name: str) -> matrix.Drill:
    drill = matrix.drill("redis-master", "kill")
    return replace(drill, victim=replace(drill.victim, role=lambda: name))


def test_of_replicas_the_first_that_runs_is_hit_and_by_a_rolling_restart_each(stack):
    assert victims.find(matrix.drill("web", "kill")) == [stack[0]]
    stack[1] = container("web", 2)
    assert victims.find(matrix.drill("web", "rolling")) == stack[:2]


def test_of_the_whole_stack_all_that_runs_is_hit_and_no_job_that_has_ended(stack):
    stack += [container("seed", state="exited"), container("redis-3", state="paused")]
    assert victims.find(matrix.drill("stack", "kill")) == [stack[0], stack[2], stack[3]]


def test_a_role_is_hit_where_it_is(stack):
    assert victims.find(led_by("redis-2")) == [stack[3]]


def test_a_role_is_restarted_where_it_is_and_nobody_beside_it(stack):
    nodes = [container(f"postgres-{n}") for n in (1, 2, 3)]
    stack += nodes
    restart = matrix.drill("postgres-primary", "restart")
    assert victims.find(replace(restart, victim=replace(restart.victim, role=lambda: "postgres-2"))) == [nodes[1]]


def test_two_are_hit_at_once_each_where_its_role_is(stack, monkeypatch):
    stack += [container("postgres-1"), container("postgres-2"), container("haproxy-1")]
    both = matrix.drill("postgres-primary+redis-master", "kill")
    both = replace(both, victim=replace(both.victim, role=lambda: "postgres-2"))
    other = replace(matrix.named("victim", "redis-master"), role=lambda: "redis-1")
    monkeypatch.setattr(victims, "named", lambda *_: other)
    assert [one.service for one in victims.find(both)] == ["postgres-2", "redis-1"]
    assert victims.is_there(both)
    stack[:] = [one for one in stack if not one.service.startswith("redis")]
    assert not victims.is_there(both)
    with pytest.raises(Refused, match="no container of redis-master"):
        victims.find(both)


def test_what_cannot_be_is_refused_with_the_reason(stack):
    drill = matrix.drill("web", "kill")
    victims.require_possible(drill)
    asked = []
    large = replace(drill, fault=replace(drill.fault, lacks=lambda found: asked.append(found) or "its disk is large."))
    with pytest.raises(Refused, match="web kill cannot be: its disk is large"):
        victims.require_possible(large)
    assert asked == [tuple(stack[:2])]
    forgetful = replace(drill, victim=replace(drill.victim, lacks=lambda _: "all would be gone."))
    with pytest.raises(Refused, match="web kill cannot be: all would be gone"):
        victims.require_possible(forgetful)


def test_who_is_down_already_is_not_hit(stack):
    stack[0] = container("web", state="exited")
    with pytest.raises(Refused, match=r"web \(web\) is down already: `make up` first"):
        victims.find(matrix.drill("web", "kill"))
    with pytest.raises(Refused, match=r"redis-master \(nobody\) is down"):
        victims.find(led_by(""))


def test_what_the_stack_has_not_is_said(stack):
    with pytest.raises(Refused, match="no container of grafana in this stack"):
        victims.find(matrix.drill("grafana", "kill"))
    assert not victims.is_there(matrix.drill("grafana", "kill"))


@pytest.mark.parametrize("error", [OSError("none of sentinel-1 answers"), KeyError("ip")])
def test_a_role_that_nobody_tells_is_refused(stack, error):
    def unknown():
        raise error

    drill = led_by("")
    with pytest.raises(Refused, match=r"nobody says who is redis-master .*`make up`"):
        victims.find(replace(drill, victim=replace(drill.victim, role=unknown)))


def test_a_role_may_name_one_container_of_several(stack):
    stack += [container("orders-worker"), container("orders-worker", 2)]
    relay = matrix.drill("relay", "kill")

    def held_by(name: str) -> matrix.Drill:
        return replace(relay, victim=replace(relay.victim, role=lambda: name))

    assert victims.find(held_by("flotilla-orders-worker-2")) == [stack[-1]]
    assert victims.find(held_by("orders-worker")) == [stack[-2]], "nobody relays: the first of them"
