"""The drills themselves: on a stack with a deliberate fault they report the loss, the failures, the duplicate; an
interrupted one leaves nothing broken; two at once are refused.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from drills import judge, matrix, tables
from drills.drill import run as drill
from drills.faults import cut, kill
from drills.undo import Journal
from stack import direct
from stack.engine import ROOT, containers, docker, inside, inspect, run
from stack.servers import sql, until, value
from stack.whole import make_whole, missing, wait_until_whole

UNSENT = 6  # writes that no standby gets


@pytest.fixture(autouse=True)
def whole_again():
    wait_until_whole()
    yield
    make_whole()


@pytest.fixture
def impatient(monkeypatch):
    """What is lost is waited for in vain, for a minute after each drill: a third of that tells as much here."""
    monkeypatch.setattr(tables, "BOUND", 20)


def checks(victim: str, act, seconds: float) -> tuple[dict, dict]:
    """A drill with a fault of its own, judged as `kill` of that victim -> its figures, and its checks by name."""
    usual = matrix.drill(victim, "kill", seconds=seconds)
    record = drill(replace(usual, fault=replace(usual.fault, act=act)), 10, 0.3, lambda *_: None)
    figures = judge.figures(record, judge.load(Path(record["outcomes"])))
    verdict = judge.verdict(figures, victim, "kill")
    return figures, {check.name: check for check in verdict} | {"state": judge.state(verdict)}


# -- Asynchronous commit: what was acknowledged is gone ----------------------------------------------------------------


WAITING = {"synchronous_mode": "quorum", "synchronous_mode_strict": "true"}


def configure(**settings: str) -> None:
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    node = next(one.service for one in containers() if one.service in direct.POSTGRES)
    inside(node, "patronictl", "edit-config", "--force", "--quiet", *options)


@pytest.fixture
def cut_off(tmp_path):
    """-> the journal of who is cut off; nobody is at the end, and commits wait for standbys as before."""
    journal = Journal(tmp_path)
    yield journal
    journal.undo()
    configure(**WAITING)


def written(node: str) -> int:
    query = "SELECT (SELECT count(*) FROM web_review) + (SELECT count(*) FROM web_cartitem)"
    return int(value(query, node=node))


def test_acknowledged_writes_that_were_lost_are_reported(cut_off, impatient):
    """Commits wait for no standby, and no standby gets the last seconds before the primary dies."""

    def kill_with_writes_unsent(victims):
        configure(synchronous_mode="off", synchronous_mode_strict="false")
        until(lambda: sql("SHOW synchronous_standby_names") == [[""]], 30, "commits that wait for nobody")
        others = [one for one in containers() if one.service in direct.POSTGRES and one != victims[0]]
        cut_off.write(others)
        cut(others)
        enough = written(victims[0].service) + UNSENT
        until(lambda: written(victims[0].service) >= enough, 60, "writes that no standby has")
        time.sleep(1)  # for their answers to reach the client
        kill(victims)
        cut_off.undo()
        until(lambda: direct.postgres_primary() not in ("", victims[0].service), 60, "another primary")
        configure(**WAITING)

    figures, verdict = checks("postgres-primary", kill_with_writes_unsent, 5)
    assert figures["lost"] > 0
    assert not verdict["lost"].ok
    assert verdict["state"] == judge.FAIL


# -- Writes that nobody holds: they fail while there is no primary -----------------------------------------------------


def recreate_web(**environment: str) -> None:
    compose = ["docker", "compose", "-p", os.environ["COMPOSE_PROJECT_NAME"], "-f", str(ROOT / "docker-compose.yml")]
    run(*compose, "up", "-d", "--no-deps", "--no-build", "--pull", "never", "web", env=os.environ | environment)
    wait_until_whole()


@pytest.fixture
def writes_not_held():
    recreate_web(WRITE_HOLD_SECONDS="0.1")
    yield
    recreate_web()


def test_failed_writes_are_reported(writes_not_held):
    figures, verdict = checks("postgres-primary", kill, 5)
    assert figures["failed"] > 0
    assert not verdict["failed"].ok
    assert verdict["state"] != judge.PASS


# -- One write that took effect twice ----------------------------------------------------------------------------------


def test_a_doubled_write_is_reported():
    def double_a_write(victims):
        rows = sql(
            "UPDATE web_cartitem SET quantity = 2 WHERE id = (SELECT i.id FROM web_cartitem i"
            " JOIN web_cart c ON c.id = i.cart_id JOIN web_user u ON u.id = c.owner_id"
            " WHERE u.first_name LIKE 'author-%' ORDER BY i.id DESC LIMIT 1) RETURNING id"
        )
        assert len(rows) == 1

    figures, verdict = checks("cache", double_a_write, 1)
    assert figures["twice"] == 1
    assert not verdict["twice"].ok
    assert verdict["state"] == judge.FAIL


# -- An order that is gone, while its stock stays taken ----------------------------------------------------------------

CONFIRMED = """SELECT id FROM orders_order WHERE status = 'confirmed' AND created > now() - interval '5 seconds'
ORDER BY id DESC LIMIT 1"""


def test_a_lost_order_is_reported_and_the_stock_that_it_still_has(impatient):
    def lose_an_order(victims):
        ((order,),) = until(lambda: sql(CONFIRMED, database="orders"), 30, "a confirmed order")
        sql(f"DELETE FROM orders_orderline WHERE order_id = '{order}'", database="orders")
        sql(f"DELETE FROM orders_order WHERE id = '{order}'", database="orders")

    figures, verdict = checks("cache", lose_an_order, 1)
    assert (figures["orders_lost"], figures["orders_twice"], figures["orders_stuck"]) == (1, 0, 0)
    assert figures["stock_off"] > 0
    assert not verdict["orders_lost"].ok
    assert verdict["state"] == judge.FAIL


# -- Interrupted, killed, called twice ---------------------------------------------------------------------------------


@pytest.fixture
def begun():
    """A drill in a process of its own that has just cut a balancer off; -> the process, and how both balancers were."""
    before = addresses()
    process = start("one", "--victim", "haproxy", "--fault", "cut")
    for line in process.stdout:
        if "cut off" in line:
            break
    assert addresses() != before, "nothing was cut"
    yield process, before
    process.kill()
    process.wait()


def start(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "drills", *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def call(*arguments: str) -> tuple[int, str]:
    """Exit status and what was said; a drill that went on instead is ended as a person would."""
    process = start(*arguments)
    try:
        said = process.communicate(timeout=60)[0]
        return process.returncode, said
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        return process.wait(90), process.stdout.read()


def addresses() -> dict[str, dict]:
    """Of both balancers: network -> address and names."""
    found = inspect(*[one.id for one in containers() if one.service.startswith("haproxy-")])
    return {
        facts["Name"]: {
            name: (one["IPAddress"], sorted(one["Aliases"]))
            for name, one in facts["NetworkSettings"]["Networks"].items()
        }
        for facts in found
    }


def test_an_interrupted_drill_puts_back_what_it_broke_and_two_at_once_are_refused(begun):
    process, before = begun
    status, words = call("one", "--victim", "web", "--fault", "kill")
    assert status == 2
    assert "another drill is running" in words
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    assert addresses() == before
    until(lambda: not next(missing(), None), 60, "the stack is whole")
    assert not loads()


def test_what_a_killed_drill_left_is_put_back_by_the_next_call(begun):
    process, before = begun
    process.kill()
    process.wait()
    status, words = call("undo")
    assert status == 0, words
    assert "put back on its networks" in words
    assert addresses() == before
    assert not loads()


def loads() -> list[str]:
    return docker("ps", "-aq", "--filter", "name=drill-load").split()


def reaches(node: str, other: str) -> bool:
    command = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{direct.POSTGRES[other]}/8008' && echo yes"
    return inside(node, "bash", "-c", command, check=False).strip() == "yes"


def test_rules_that_a_killed_drill_left_in_a_network_are_lifted_by_the_next_call():
    primary = direct.postgres_primary()
    cut_off, reached = (name for name in direct.POSTGRES if name != primary)
    process = start("one", "--victim", "postgres-primary", "--fault", "cut-voter")
    for line in process.stdout:
        if "cut off from one" in line:
            break
    process.kill()
    process.wait()
    assert [reaches(node, primary) for node in (cut_off, reached)] == [False, True]
    status, words = call("undo")
    assert (status, "hears all others again" in words) == (0, True), words
    assert reaches(cut_off, primary)
    assert not docker("ps", "-aq", "--filter", f"name={os.environ['COMPOSE_PROJECT_NAME']}-drill").split()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("one", "--victim", "nobody", "--fault", "kill"), "there is no victim 'nobody'. The victims: nginx"),
        (("one", "--victim", "web", "--fault", "burn"), "there is no fault 'burn'. The faults: kill"),
        (("one", "--victim", "web", "--fault", "switchover"), "say V=postgres-primary F=switchover"),
        (("one", "--victim", "postgres-primary", "--fault", "fill"), "SMALL_DISKS=1 make up"),
        (("set", "--name", "nothing"), "there is no set 'nothing'. The sets: all, ci"),
        (("set", "--name", "ci", "--since", "no-such-commit"), "there is no commit 'no-such-commit'"),
        (("one", "--victim", "web", "--fault", "kill", "--rate", "9999"), "RATE=9999: use a number from 1 to 300"),
        (("one",), "The faults: kill"),
    ],
)
def test_a_wrong_call_breaks_nothing(arguments, said):
    status, words = call(*arguments)
    assert (status, said in words) == (2, True), words


def test_a_victim_that_is_down_already_is_refused():
    docker("stop", "-t", "5", next(one.id for one in containers() if one.service == "redis-exporter"))
    status, words = call("one", "--victim", "redis-exporter", "--fault", "kill")
    assert status == 2
    assert "redis-exporter (redis-exporter) is down already" in words
