"""Where reads go, and what the poller knows."""

import time
from types import SimpleNamespace

import psycopg
import pytest
from django.contrib.sessions.models import Session

from flotilla import context
from flotilla.db import primaries, replicas, router
from flotilla.db.choice import Node
from flotilla.db.replicas import NodePoller, Replicas
from flotilla.db.router import ReplicaRouter
from flotilla.env import Env

AHEAD = Node("replica_2", healthy=True, is_replica=True, position=200)
BEHIND = Node("replica_3", healthy=True, is_replica=True, position=100)


class FakePool:
    def __init__(self, *nodes):
        self.list, self.hurries = list(nodes), 0

    def nodes(self):
        return self.list

    def hurry(self):
        self.hurries += 1

    def wait_for(self, choose, seconds):
        return choose(self.list)


class Product:
    _meta = SimpleNamespace(app_label="shop", label="shop.Product")


class User:
    _meta = SimpleNamespace(app_label="shop", label="shop.User")


@pytest.fixture
def pool(monkeypatch):
    made = FakePool(AHEAD, BEHIND)
    monkeypatch.setattr(replicas, "pool", lambda: made)
    return made


@pytest.fixture
def primary(monkeypatch):
    made = SimpleNamespace(is_down=False)
    monkeypatch.setattr(primaries, "of", lambda alias: made)
    return made


@pytest.fixture(autouse=True)
def configured(settings, monkeypatch):
    settings.FLOTILLA = Env(database_hosts=("a",), database_replicas=(2, 3))
    settings.AUTH_USER_MODEL = "shop.User"
    monkeypatch.setattr(router, "connections", {"default": SimpleNamespace(in_atomic_block=False)})


def read(model=Product, **fields):
    with context.use(context.RequestState(**fields)) as state:
        return ReplicaRouter().db_for_read(model), state


def test_reads_of_a_page_go_to_one_replica(pool, primary):
    alias, state = read()
    assert alias in {"replica_2", "replica_3"}
    with context.use(state):
        assert {ReplicaRouter().db_for_read(Product) for _ in range(20)} == {alias}


def test_both_replicas_are_used(pool, primary):
    assert {read()[0] for _ in range(100)} == {"replica_2", "replica_3"}


def test_the_clients_position_decides(pool, primary):
    assert {read(position=150)[0] for _ in range(50)} == {"replica_2"}
    assert read(position=300)[0] == "default"
    assert pool.hurries == 1


def test_a_failed_replica_is_not_chosen_again(pool, primary):
    assert read(replica="replica_2", avoid={"replica_2"})[0] == "replica_3"


def test_what_stays_on_the_primary(pool, primary, monkeypatch, settings):
    assert ReplicaRouter().db_for_read(Product) == "default"
    assert read(policy=context.Policy.HOLD)[0] == "default"
    assert read(wrote=True)[0] == "default"
    assert read(prefer_primary=True)[0] == "default"
    assert read(Session)[0] == "default"
    assert read(User)[0] == "default"
    monkeypatch.setattr(router, "connections", {"default": SimpleNamespace(in_atomic_block=True)})
    assert read()[0] == "default"
    settings.FLOTILLA = Env()
    assert read()[0] == "default"


def test_without_a_primary_sessions_come_from_the_freshest_replica(pool, primary):
    primary.is_down = True
    assert read(Session)[0] == "replica_2"
    assert read(Session, position=150)[0] == "replica_2"
    assert read(Session, position=300)[0] == "default"
    primary.is_down = False
    assert read(Session, avoid={"default"})[0] == "replica_2"


def test_writes_and_migrations_go_to_the_primary(pool):
    with context.use(context.RequestState()) as state:
        assert ReplicaRouter().db_for_write(Product) == "default"
        assert state.wrote
    assert ReplicaRouter().db_for_write(Product) == "default"
    assert ReplicaRouter().allow_relation(object(), object())
    assert ReplicaRouter().allow_migrate("default", "shop")
    assert not ReplicaRouter().allow_migrate("replica_2", "shop")


# -- The poller


class ScriptedPoller:
    def __init__(self, alias, *nodes):
        self.alias, self.script = alias, list(nodes)

    def poll(self):
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def test_polls_become_nodes_and_failures_take_them_out():
    pool = Replicas([ScriptedPoller("replica_2", AHEAD), ScriptedPoller("replica_3", BEHIND)])
    pool._thread = object()  # polled by hand
    assert not any(node.healthy for node in pool.nodes())
    pool.poll()
    assert pool.nodes() == [AHEAD, BEHIND]
    pool.mark_down("replica_3")
    pool.mark_down("default")
    assert pool.nodes() == [AHEAD, Node("replica_3")]
    pool.poll()
    assert pool.nodes() == [AHEAD, BEHIND]


def test_the_thread_starts_with_the_first_question_and_hurries(monkeypatch):
    monkeypatch.setattr(replicas, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(replicas, "HURRY_SECONDS", 0.001)
    pool = Replicas([ScriptedPoller("replica_2", Node("replica_2"), Node("replica_2"), AHEAD)])

    def usable(nodes):
        return next((node.alias for node in nodes if node.healthy), None)

    assert pool.wait_for(usable, 5) == "replica_2"
    assert pool.wait_for(lambda nodes: None, 0.05) is None
    thread = pool._thread
    pool.start()
    pool.hurry()
    time.sleep(0.01)
    assert pool._thread is thread


def test_no_replicas_no_thread():
    pool = Replicas([])
    pool.start()
    assert pool._thread is None
    assert pool.nodes() == []


def test_two_who_start_at_once_make_one_thread():
    pool = Replicas([ScriptedPoller("replica_2", AHEAD)])

    class Lock:
        def __enter__(self):
            pool._thread = "the other's"

        def __exit__(self, *exc):
            pass

    pool._polled = Lock()
    pool.start()
    assert pool._thread == "the other's"


def test_the_pool_is_made_from_settings():
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


def test_a_node_is_polled_over_a_kept_connection(monkeypatch):
    links = [Link((True, 10), LOST), Link((False, None)), LOST, LOST]

    def opened(params):
        link = links.pop(0)
        if isinstance(link, Exception):
            raise link
        return link

    monkeypatch.setattr(replicas, "connect", opened)
    monkeypatch.setattr(replicas, "connections", {"replica_2": SimpleNamespace(get_connection_params=dict)})
    poller = NodePoller("replica_2")
    assert poller.poll() == Node("replica_2", healthy=True, is_replica=True, position=10)
    assert poller.poll() == Node("replica_2", healthy=True, is_replica=False, position=0)
    poller.close()
    assert poller.poll() == Node("replica_2")
    poller.close()
