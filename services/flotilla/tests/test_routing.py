"""Where reads go."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session

from flotilla import context
from flotilla.db import primaries, replicas, router
from flotilla.db.choice import Node
from flotilla.db.router import ReplicaRouter
from flotilla.env import Env
from flotilla.tests.positions import at

AHEAD = Node("replica_2", healthy=True, is_replica=True, position=at(200))
BEHIND = Node("replica_3", healthy=True, is_replica=True, position=at(100))
MASTER = Node("replica_1", healthy=True, is_replica=False, position=at(250))
AWAY = Node("replica_1")


class FakePool:
    def __init__(self, *nodes):
        self.list, self.hurries, self.lost = list(nodes), 0, False

    def nodes(self):
        return self.list

    def has_lost_primary(self):
        return self.lost

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
    made = SimpleNamespace(is_down=False, is_busy=False)
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
    assert {read(position=at(150))[0] for _ in range(50)} == {"replica_2"}
    assert read(position=at(300))[0] == "default"
    assert pool.hurries == 1


def test_an_old_primary_that_is_a_standby_now_is_no_further_for_its_longer_log(pool, primary):
    """Cut off from the others only, it starts with log that nobody confirmed, and cannot follow the new primary."""
    was = Node("replica_1", healthy=True, is_replica=True, position=at(900))
    leads = Node("replica_2", healthy=True, position=at(400, timeline=2))
    follows = Node("replica_3", healthy=True, is_replica=True, position=at(350, timeline=2))
    pool.list = [was, leads, follows]
    assert {read(position=at(300, timeline=2))[0] for _ in range(50)} == {"replica_3"}
    assert read(position=at(380, timeline=2))[0] == "replica_2"
    pool.list = [was, leads, replace(follows, position=at(300))]  # it has not found the new primary yet
    assert {read(position=at(300))[0] for _ in range(50)} == {"replica_1", "replica_3"}
    assert read(position=at(380, timeline=2))[0] == "replica_2"
    primary.is_down, pool.list[1] = True, Node("replica_2")
    pool.list[2] = follows
    assert read(position=at(350, timeline=2))[0] == "replica_3"
    assert read(position=at(380, timeline=2))[0] == "default"


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
    assert read(Session, position=at(150))[0] == "replica_2"
    primary.is_down = False
    assert read(Session, position=at(300), avoid={"default"})[0] == "default"
    assert read(Session, avoid={"default"})[0] == "replica_2"


def test_without_a_primary_what_both_standbys_lack_was_acknowledged_to_nobody(pool, primary):
    """A position of log that died with the primary must not lock its client out."""
    primary.is_down = True
    pool.list = [AWAY, AHEAD, BEHIND]
    for model in (Session, Product):
        alias, state = read(model, position=at(300))
        assert (alias, state.position) == ("replica_2", at(200))
        with context.use(state):
            assert {ReplicaRouter().db_for_read(Product), ReplicaRouter().db_for_read(Session)} == {"replica_2"}
    assert read(position=at(300), avoid={"replica_2"})[0] == "default"
    pool.list = [AWAY, AHEAD, Node("replica_3")]
    assert read(position=at(300))[0] == "default"
    pool.list = [AWAY]
    assert read(position=at(300))[0] == "default"


def test_without_a_primary_who_wrote_waits_for_what_a_standby_has_received_and_not_replayed(pool, primary):
    primary.is_down = True
    pool.list = [AWAY, AHEAD, replace(BEHIND, received=300)]
    for model in (Session, Product):
        alias, state = read(model, position=at(300))
        assert (alias, state.position) == ("default", at(300))
    assert read(position=at(200))[0] == "replica_2"
    pool.list = [AWAY, AHEAD, replace(BEHIND, position=at(300), received=300)]
    assert read(position=at(300))[0] == "replica_3"


def test_the_primary_is_read_by_its_own_name_when_no_replica_will_do(pool, primary):
    """Its pool of readers: COMMITs that wait for a standby fill the other one."""
    pool.list = [MASTER]
    assert read()[0] == "replica_1"
    assert read(position=at(250))[0] == "replica_1"
    assert read(position=at(251))[0] == "default"
    assert read(avoid={"replica_1"})[0] == "default"
    pool.list = [MASTER, Node("replica_2", healthy=True, is_replica=False, position=at(300))]
    assert read()[0] == "default"


def test_sessions_leave_a_primary_that_does_not_answer(pool, primary):
    pool.list = [MASTER, AHEAD]
    assert read(Session)[0] == "default"
    primary.is_busy = True
    assert read(Session)[0] == "replica_1"
    pool.list = [AHEAD]
    assert read(Session)[0] == "default"
    primary.is_down, pool.list = True, [MASTER]
    assert read(Session)[0] == "replica_1"


def test_sessions_leave_a_primary_that_the_poller_finds_silent(pool, primary):
    pool.lost = True
    assert read(Session, position=at(150))[0] == "replica_2"
    assert read(Session, position=at(300))[0] == "default"


def test_writes_and_migrations_go_to_the_primary(pool):
    with context.use(context.RequestState()) as state:
        assert ReplicaRouter().db_for_write(Product) == "default"
        assert state.wrote
    assert ReplicaRouter().db_for_write(Product) == "default"
    assert ReplicaRouter().allow_relation(object(), object())
    assert ReplicaRouter().allow_migrate("default", "shop")
    assert not ReplicaRouter().allow_migrate("replica_2", "shop")


# -- Shards ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shards(monkeypatch):
    idle = SimpleNamespace(in_atomic_block=False)
    monkeypatch.setattr(router, "connections", {"default": idle, "shard_1": idle})


def read_shard(prefer_primary=False, **fields):
    with context.use(context.RequestState(**fields)) as state:
        return router.for_read("shard_1", prefer_primary=prefer_primary), state


def test_a_shard_is_read_from_the_requests_one_replica(pool, primary, shards):
    alias, state = read_shard()
    assert alias in {"shard_1_replica_2", "shard_1_replica_3"}
    with context.use(state):
        assert ReplicaRouter().db_for_read(Product) == alias.removeprefix("shard_1_")
    assert read_shard(position=at(150))[0] == "shard_1_replica_2"
    assert read_shard(avoid={"replica_2"})[0] == "shard_1_replica_3"


def test_what_stays_on_a_shards_primary(pool, primary, shards, monkeypatch):
    assert router.for_read("shard_1") == "shard_1"
    assert read_shard(policy=context.Policy.HOLD)[0] == read_shard(prefer_primary=True)[0] == "shard_1"
    other = {"default": SimpleNamespace(in_atomic_block=True), "shard_1": SimpleNamespace(in_atomic_block=False)}
    monkeypatch.setattr(router, "connections", other)
    assert read_shard()[0] != "shard_1"  # a transaction in another database binds nothing here
    other["shard_1"].in_atomic_block = True
    assert read_shard()[0] == "shard_1"


def test_without_a_primary_a_shard_is_read_from_the_freshest_replica(pool, primary, shards):
    primary.is_down = True
    assert read_shard(prefer_primary=True)[0] == "shard_1_replica_2"
    pool.list = [AWAY, AHEAD, BEHIND]
    assert read_shard(position=at(300))[0] == "shard_1_replica_2"
    pool.list = [AWAY]
    assert read_shard()[0] == "shard_1"


def test_a_shard_on_the_primary_is_read_by_its_nodes_name(pool, primary, shards):
    pool.list = [MASTER]
    assert read_shard()[0] == "shard_1_replica_1"
    primary.is_busy = True
    assert read_shard(prefer_primary=True)[0] == "shard_1_replica_1"


def test_every_database_is_migrated_none_of_its_replicas():
    allowed = [
        alias
        for alias in ("default", "replica_1", "shard_1", "shard_1_replica_1")
        if ReplicaRouter().allow_migrate(alias, "shop")
    ]
    assert allowed == ["default", "shard_1"]
