"""What the pollers know: news of each node, how old it may be, and that no poller dies for good."""

import logging
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest

from flotilla.db import replicas
from flotilla.db.choice import Node
from flotilla.db.replicas import (
    FRESH_SECONDS,
    IDLE_SECONDS,
    POLL_SECONDS,
    STALE_SECONDS,
    UNASKED_SECONDS,
    NodePoller,
    Replicas,
)
from flotilla.env import Env
from flotilla.tests.positions import at

AHEAD = Node("replica_2", healthy=True, is_replica=True, position=at(200))
BEHIND = Node("replica_3", healthy=True, is_replica=True, position=at(100))
MASTER = Node("replica_1", healthy=True, position=at(250))


class ScriptedPoller:
    def __init__(self, alias, *nodes):
        self.alias, self.script = alias, list(nodes)

    def poll(self):
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def by_hand(*pollers):
    """A pool whose nodes are polled when the test says so."""
    pool = Replicas(list(pollers), clock=Clock())
    pool._polling = {poller.alias for poller in pollers}
    return pool


def poll(pool):
    for poller in pool._pollers:
        pool.poll(poller)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(replicas, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(replicas, "HURRY_SECONDS", 0.001)


def healthy(nodes):
    return next((node.alias for node in nodes if node.healthy), None)


def test_polls_become_nodes_and_failures_take_them_out():
    pool = by_hand(ScriptedPoller("replica_2", AHEAD), ScriptedPoller("replica_3", BEHIND))
    assert not any(node.healthy for node in pool.nodes())
    poll(pool)
    assert pool.nodes() == [AHEAD, BEHIND]
    pool.mark_down("replica_3")
    pool.mark_down("default")
    assert pool.nodes() == [AHEAD, Node("replica_3")]
    assert [pool.is_down(alias) for alias in ("replica_2", "replica_3", "default")] == [False, True, False]
    poll(pool)
    assert pool.nodes() == [AHEAD, BEHIND]


def test_a_primary_is_lost_when_its_node_is_silent_or_a_standby_and_no_other_leads():
    led, other = ScriptedPoller("replica_1", MASTER), ScriptedPoller("replica_2", AHEAD)
    pool = by_hand(led, other)
    poll(pool)
    assert not pool.has_lost_primary()
    led.script = [Node("replica_1")]
    poll(pool)
    assert pool.has_lost_primary()
    led.script = [Node("replica_1", healthy=True, is_replica=True, position=at(250))]
    poll(pool)
    assert pool.has_lost_primary()
    other.script = [Node("replica_2", healthy=True, is_replica=False, position=at(260))]
    poll(pool)
    assert not pool.has_lost_primary()


def test_a_primary_that_was_never_polled_is_not_missed():
    pool = by_hand(ScriptedPoller("replica_2", AHEAD))
    poll(pool)
    assert not pool.has_lost_primary()


def test_old_news_count_for_nothing():
    pool = by_hand(ScriptedPoller("replica_2", AHEAD))
    poll(pool)
    pool._clock.now += FRESH_SECONDS
    assert pool.nodes() == [AHEAD]
    pool._clock.now += 0.1
    assert pool.nodes() == [Node("replica_2")]


def test_a_node_that_stands_still_while_others_move_is_out():
    pool = by_hand(ScriptedPoller("replica_2", AHEAD), ScriptedPoller("replica_3", BEHIND))
    for _ in range(int(STALE_SECONDS)):
        poll(pool)
        pool._clock.now += 1
        assert pool.nodes() == [AHEAD, BEHIND]
    poll(pool)
    assert pool.nodes() == [AHEAD, Node("replica_3")]
    # Where the furthest was counts for as long as somebody is that far.
    pool._pollers[0].script = [Node("replica_2")]
    poll(pool)
    assert pool.nodes() == [Node("replica_2"), BEHIND]


def test_nobody_is_stale_while_nobody_moves():
    pool = by_hand(ScriptedPoller("replica_2", AHEAD), ScriptedPoller("replica_3", replace(AHEAD, alias="replica_3")))
    for _ in range(3 * int(STALE_SECONDS)):
        poll(pool)
        pool._clock.now += 1
    assert all(node.healthy for node in pool.nodes())


def test_the_thread_starts_with_the_first_question_and_hurries(quick):
    pool = Replicas([ScriptedPoller("replica_2", Node("replica_2"), Node("replica_2"), AHEAD)])
    assert pool.wait_for(healthy, 5) == "replica_2"
    assert pool.wait_for(lambda nodes: None, 0.05) is None
    pool.start()
    pool.hurry()
    assert pool._polling == {"replica_2"}


def test_when_nobody_asks_it_is_polled_less_often_and_who_asks_next_hurries_it(monkeypatch):
    pauses = []
    pool = by_hand(ScriptedPoller("replica_2", AHEAD))

    class Over(BaseException):
        """Ends the thread's loop."""

    def wait_for(changed, pause):
        pauses.append(pause)
        pool._clock.now += UNASKED_SECONDS if len(pauses) == 1 else 0.1
        if len(pauses) == 3:
            raise Over
        return False

    monkeypatch.setattr(pool._hurry, "wait_for", wait_for)
    with pytest.raises(Over):
        pool._run(pool._pollers[0])
    assert pauses == [POLL_SECONDS, POLL_SECONDS, IDLE_SECONDS]
    hurries = pool._hurries
    pool.nodes()
    assert pool._hurries == hurries + 1
    pool.nodes()
    assert pool._hurries == hurries + 1


def test_news_stay_fresh_between_two_polls_of_an_idle_process():
    assert IDLE_SECONDS + replicas.ANSWER_SECONDS < FRESH_SECONDS


def test_a_poller_survives_what_nobody_expected(quick, caplog):
    class Raising(ScriptedPoller):
        def poll(self):
            if isinstance(self.script[0], Exception):
                raise self.script.pop(0)
            return super().poll()

    pool = Replicas([Raising("replica_2", AHEAD, RuntimeError("unexpected"), Node("replica_2"), AHEAD)])
    pool.start()
    until = time.monotonic() + 5
    while len(pool._pollers[0].script) > 1 and time.monotonic() < until:
        time.sleep(0.005)
    assert pool.wait_for(healthy, 5) == "replica_2"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_node_that_hangs_delays_no_news_of_the_others(quick):
    let_go = threading.Event()

    class Hanging(ScriptedPoller):
        def poll(self):
            let_go.wait(10)
            return super().poll()

    pool = Replicas([Hanging("replica_3", BEHIND), ScriptedPoller("replica_2", AHEAD)])
    assert pool.wait_for(healthy, 5) == "replica_2"
    let_go.set()


def test_without_a_thread_the_next_question_tries_again(quick, monkeypatch):
    pool = Replicas([ScriptedPoller("replica_2", AHEAD)])

    def no_thread(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        assert pool.nodes() == [Node("replica_2")]
    assert pool.wait_for(healthy, 5) == "replica_2"


def test_no_replicas_no_thread():
    pool = Replicas([])
    assert pool.nodes() == []
    assert pool._polling == set()


def test_the_pool_is_made_from_settings(settings):
    settings.FLOTILLA = Env(database_hosts=("a",), database_replicas=(2, 3))
    replicas._pools.clear()
    try:
        pool = replicas.pool()
        assert [poller.alias for poller in pool._pollers] == ["replica_2", "replica_3"]
        assert replicas.pool() is pool
    finally:
        replicas._pools.clear()


class Link:
    def __init__(self, *rows):
        self.rows = list(rows)

    def limited(self, seconds):
        return self

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        pass

    def execute(self, sql):
        row = self.rows.pop(0)
        if isinstance(row, Exception):
            raise row
        return SimpleNamespace(fetchone=lambda: row)

    def close(self):
        pass


LOST = psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def linked(monkeypatch):
    """Sets what the next connections are, or raise."""

    def links_are(*links):
        links = list(links)

        def opened(params, blame):
            link = links.pop(0)
            if isinstance(link, Exception):
                raise link
            return link

        monkeypatch.setattr(replicas, "connect", opened)
        monkeypatch.setattr(replicas, "connections", {"replica_2": SimpleNamespace(get_connection_params=dict)})
        return NodePoller("replica_2")

    return links_are


def test_a_node_is_polled_over_a_kept_connection(linked):
    poller = linked(Link((True, 6, 5, 10, 10), LOST), Link((False, 7, 6, None, None)), LOST, LOST)
    assert poller.poll() == Node("replica_2", healthy=True, is_replica=True, position=at(10, timeline=6), received=10)
    assert poller.poll() == Node("replica_2", healthy=True, is_replica=False, position=at(0, timeline=7))
    poller.close()
    assert poller.poll() == Node("replica_2")
    poller.close()


def test_a_standby_without_a_receiver_is_on_the_timeline_it_was_on(linked):
    told = [(True, None, 4, 10), (False, 6, 5, 20), (True, None, 5, 30), (True, 7, 5, 25), (True, None, 8, 40)]
    poller = linked(Link(*[(*row, None) for row in (*told, (True, 2, 2, 5))]))
    positions = [poller.poll().position for _ in range(6)]
    expected = [at(10, timeline=4), at(20, timeline=6), at(30, timeline=6), at(25, timeline=7), at(40, timeline=8)]
    assert positions == [*expected, at(5, timeline=2)]  # the last one: the cluster was restored


def test_a_standby_has_received_what_it_tells_and_at_least_what_it_has_replayed(linked):
    told = [(True, 6, 5, 90, 105), (True, 6, 5, 90, 90), (True, 6, 5, 90, 64), (True, None, 5, 90, None)]
    poller = linked(Link(*told, (True, None, 5, None, None)))
    assert [poller.poll().received for _ in range(5)] == [105, 90, 90, 90, 0]


def test_a_node_that_may_not_be_asked_says_so_once(linked, caplog):
    missing = psycopg.errors.InvalidSchemaName('schema "flotilla" does not exist\nLINE 3: ...')
    poller = linked(Link(missing), Link(missing), Link((True, 6, 5, 10, 10), missing), Link(missing), LOST)
    healthy = [poller.poll().healthy for _ in range(5)]
    assert healthy == [False, False, True, False, False]
    said = 'replica_2 tells no position, nothing is read there: schema "flotilla" does not exist'
    assert [record.getMessage() for record in caplog.records] == [said, said]


def test_who_does_not_come_to_the_new_timeline_is_out():
    """Its log may reach further: that of the old primary which nobody confirmed."""
    was = Node("replica_1", healthy=True, is_replica=True, position=at(900))
    leads = Node("replica_2", healthy=True, position=at(400, timeline=2))
    pool = by_hand(ScriptedPoller("replica_2", leads), ScriptedPoller("replica_1", was))
    for _ in range(int(STALE_SECONDS)):
        poll(pool)
        pool._clock.now += 1
        assert pool.nodes() == [leads, was]
    poll(pool)
    assert pool.nodes() == [leads, Node("replica_1")]
