"""A primary that nobody hears: when it is taken for one, and when not."""

import json

import pytest
from lease import alone
from lease.facts import Doubt
from lease_world import A, P, Store


class Replies:
    """What Postgres tells: a text that changes with each report of a standby."""

    def __init__(self):
        self.count, self.text = 0, None

    def replies(self):
        if isinstance(self.text, Doubt):
            raise self.text
        return self.text

    def report(self):
        self.count += 1
        self.text = f"12:00:0{self.count}"


class Node:
    def __init__(self):
        self.time, self.told, self.server, self.store = 100.0, [], Replies(), Store()
        self.alone = alone.Alone(P, self.server, self.store, self.tell, clock=lambda: self.time)

    def tell(self, event, **facts):
        self.told.append(facts.get("reason", event))

    def pass_by(self, seconds, reports=False):
        for _ in range(int(seconds / alone.ROUND)):
            self.time += alone.ROUND
            if reports:
                self.server.report()
            self.alone.round()
        return self.alone.is_alone


@pytest.fixture
def node():
    """A primary that both standbys report to."""
    node = Node()
    assert not node.pass_by(5, reports=True)
    return node


def test_without_standbys_and_etcd_it_is_alone_after_two_seconds_and_until_one_of_them_is_back(node):
    node.store.away = True
    assert not node.pass_by(alone.HEARD)
    assert node.pass_by(alone.ROUND)
    node.store.away = False
    assert not node.pass_by(alone.ROUND)
    node.store.away = True
    assert node.pass_by(alone.ROUND)
    assert not node.pass_by(alone.ROUND, reports=True)
    assert node.told == ["alone", "not alone", "alone", "not alone"]


def test_standbys_that_have_gone_altogether_report_no_more(node):
    node.store.away, node.server.text = True, ""
    assert node.pass_by(alone.HEARD + alone.ROUND)


def test_while_a_standby_reports_etcd_may_be_away(node):
    node.store.away = True
    assert not node.pass_by(60, reports=True)


def test_while_etcd_names_it_or_nobody_standbys_may_be_away(node):
    assert not node.pass_by(60)
    node.store.delete("leader")
    assert not node.pass_by(60)


def test_when_etcd_names_another_it_is_alone_though_its_patroni_may_not_know(node):
    node.store.put("leader", A)
    assert node.pass_by(alone.HEARD + alone.ROUND)


def test_what_cannot_be_understood_is_no_answer(node):
    node.store.put("sync", json.dumps([]))
    assert node.pass_by(alone.HEARD + alone.ROUND)


def test_a_primary_that_no_standby_has_found_yet_is_none_that_was_left(node):
    """It has just been promoted, and etcd is slow."""
    node.server.text, node.store.away = None, True
    assert not node.pass_by(5)
    node.server.text = ""
    assert not node.pass_by(60)


def test_a_standby_is_never_alone(node):
    node.server.text, node.store.away = None, True
    assert not node.pass_by(60)


def test_a_postgres_that_does_not_answer_changes_nothing(node):
    node.server.text, node.store.away = Doubt("Postgres: gone"), True
    assert not node.pass_by(60)


def test_what_nobody_expected_ends_no_watch_and_leaves_no_primary_down(node, monkeypatch):
    node.store.away = True
    assert node.pass_by(alone.HEARD + alone.ROUND)
    seen = []

    def sleep(_):
        seen.append(node.alone.is_alone)
        if len(seen) == 2:
            raise SystemExit  # ends the thread

    monkeypatch.setattr(node.server, "replies", lambda: {}["gone"])
    monkeypatch.setattr(alone.time, "sleep", sleep)
    monkeypatch.setattr(alone.threading, "Thread", Now)
    alone.watch(node.alone)
    assert seen == [False, False]
    assert node.told[-1] == "not known whether it is alone: KeyError('gone')"


class Now:
    """A thread that is over when it has been started."""

    def __init__(self, target, **_):
        self.target = target

    def start(self):
        with pytest.raises(SystemExit):
            self.target()
