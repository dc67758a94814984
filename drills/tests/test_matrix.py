"""The matrix covers the stack, the targets cover the matrix, and a wrong name is answered with the right ones."""

import re

import pytest
import yaml
from stack.engine import ROOT

from drills import matrix, targets

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
LASTING = [name for name, service in SERVICES.items() if service.get("restart") != "no"]


def test_the_stack_s_jobs_are_told_from_its_services():
    assert {"web", "nginx", "postgres-1", "grafana"} <= set(LASTING)
    assert not {"certs", "seed", "web-migrate", "loadtest"} & set(LASTING)


@pytest.mark.parametrize("service", LASTING)
def test_every_service_is_a_victim(service):
    single = [victim for victim in matrix.VICTIMS if not victim.every]
    assert any(re.fullmatch(victim.services, service) for victim in single), "one line in VICTIMS"


@pytest.mark.parametrize("victim", matrix.VICTIMS, ids=lambda victim: victim.name)
def test_every_victim_is_in_the_stack(victim):
    assert any(matrix.stands_for(victim, service) for service in LASTING)


@pytest.mark.parametrize("drill", matrix.every(), ids=str)
def test_every_drill_has_targets(drill):
    assert targets.of(drill.victim.name, drill.fault.name).lost.most == 0


def test_every_victim_meets_every_fault_that_fits():
    names = {str(drill) for drill in matrix.every()}
    assert len(names) == len(matrix.every()) == sum(len(victim.faults) for victim in matrix.VICTIMS)
    assert {"web rolling", "postgres-primary switchover", "redis-master cut"} <= names
    assert not {"web switchover", "nginx rolling", "postgres-primary+etcd pause"} & names


@pytest.mark.parametrize("service", LASTING)
def test_every_service_meets_every_harm(service):
    single = [victim for victim in matrix.VICTIMS if not victim.every]
    met = {fault for one in single if re.fullmatch(one.services, service) for fault in one.faults}
    assert set(matrix.HARM) <= met


def test_every_fault_is_met_and_says_what_it_is():
    assert {fault.name for fault in matrix.FAULTS} == {name for victim in matrix.VICTIMS for name in victim.faults}
    assert all(fault.says and fault.done for fault in matrix.FAULTS)


def test_two_at_once_are_victims_of_their_own_too():
    pairs = [victim for victim in matrix.VICTIMS if victim.also]
    assert [pair.also for pair in pairs] == [("etcd",), ("haproxy",), ("redis-master",)]
    for pair in pairs:
        assert pair.name == "+".join(["postgres-primary", *pair.also])
        assert all(matrix.named("victim", name) for name in pair.also)
        assert matrix.drill(pair.name, "kill").seconds == 30


def test_a_failover_is_run_often_and_its_victim_stays_away_for_longer_than_its_lease():
    drill = next(one for one in matrix.every() if str(one) == "postgres-primary kill")
    assert (drill.runs, drill.seconds) == (10, 30)
    assert {fault: runs for (_, fault), runs in matrix.RUNS.items()} == {"kill": 10, "stop": 10, "pause": 3, "cut": 3}
    assert matrix.drill("postgres-primary", "pause").seconds == 60
    assert matrix.drill("web", "kill").seconds == 10
    assert matrix.drill("web", "kill", seconds=3, runs=2).seconds == 3


@pytest.mark.parametrize(
    ("victim", "fault", "said"),
    [
        ("database", "kill", "no victim 'database'. The victims: nginx, .*redis-exporter"),
        ("", "", "say what to hit and how, .*V=web F=kill.\nThe victims: nginx, .*\nThe faults: kill, "),
        ("", "kill", "say which victim, for example V=nginx"),
        ("web", "explode", "no fault 'explode'. The faults: kill, stop, pause, cut, switchover, restart, rolling"),
        ("web", "", "say which fault, for example F=kill"),
        ("web", "switchover", "say V=postgres-primary F=switchover, or F=kill or .* or rolling"),
        ("postgres-primary+etcd", "cut", "cut does not fit postgres-primary.etcd: say V=nginx F=cut, or F=kill"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(victim, fault, said):
    with pytest.raises(matrix.Unknown, match=said):
        matrix.drill(victim, fault)


@pytest.mark.parametrize(("victim", "fault"), [("web", "rolling"), ("postgres-primary", "switchover")])
def test_a_fault_that_leaves_nobody_away_takes_no_time_away(victim, fault):
    with pytest.raises(matrix.Unknown, match=r"AWAY=30 .* leave it out"):
        matrix.drill(victim, fault, seconds=30)


def test_a_wrong_set_too():
    with pytest.raises(matrix.Unknown, match="The sets: all, ci"):
        matrix.drills("some")


def test_the_short_set_has_what_matters_once_each():
    drills = matrix.drills("ci")
    names = [str(drill) for drill in drills]
    assert len(set(names)) == len(names)
    assert {"web kill", "postgres-primary kill", "postgres-primary stop", "postgres-primary switchover"} <= set(names)
    assert all(drill.runs == 1 for drill in drills)
