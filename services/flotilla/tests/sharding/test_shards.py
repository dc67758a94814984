"""Which database a bucket is in, and that nobody asks another one."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from flotilla.db import router as replica_router
from flotilla.sharding import shards
from flotilla.sharding.router import NoShard, ShardRouter
from flotilla.sharding.shards import ShardMap


@pytest.fixture(autouse=True)
def configured(settings):
    settings.SHARD_MAP = {0: "default", 342: "shard_1", 683: "shard_2"}
    settings.SHARDED_APPS = ("users",)
    settings.DATABASES = {alias: {} for alias in ["default", "replica_1", "shard_1", "shard_1_replica_1", "shard_2"]}


def test_each_bucket_is_in_the_range_that_begins_before_it():
    found = {bucket: shards.primary(bucket) for bucket in (0, 341, 342, 682, 683, 1023)}
    assert list(found.values()) == ["default", "default", "shard_1", "shard_1", "shard_2", "shard_2"]
    moved = ShardMap({0: "default", 342: "shard_1", 400: "default", 401: "shard_1"})
    assert [moved.alias(bucket) for bucket in (399, 400, 401)] == ["shard_1", "default", "shard_1"]


@pytest.mark.parametrize("firsts", [{}, {1: "default"}, {-1: "default", 0: "default"}, {0: "default", 1024: "shard_1"}])
def test_a_map_leaves_no_bucket_out(settings, firsts):
    with pytest.raises(ValueError, match="begins with bucket 0"):
        ShardMap(firsts)
    settings.SHARD_MAP = firsts
    with pytest.raises(ImproperlyConfigured, match="SHARD_MAP"):
        shards.check()


def test_a_map_names_databases_that_are_there(settings):
    shards.check()
    settings.SHARD_MAP = {0: "default", 5: "shard_1_replica_1", 9: "shard_3"}
    with pytest.raises(ImproperlyConfigured, match="shard_1_replica_1, shard_3"):
        shards.check()


def test_all_of_them(settings):
    assert shards.every() == ["default", "shard_1", "shard_2"]


def test_reading_is_the_replica_routers_business(monkeypatch):
    asked = []
    monkeypatch.setattr(
        replica_router, "for_read", lambda primary, prefer_primary: asked.append((primary, prefer_primary)) or "there"
    )
    assert shards.reader(342) == shards.reader(0, prefer_primary=True) == "there"
    assert asked == [("shard_1", False), ("default", True)]


# -- The router that refuses to guess ----------------------------------------------------------------------------------


def model(app="users"):
    return SimpleNamespace(_meta=SimpleNamespace(app_label=app), __name__="User")


def row(db, app="users"):
    return SimpleNamespace(_meta=SimpleNamespace(app_label=app), _state=SimpleNamespace(db=db))


@pytest.mark.parametrize("hints", [{}, {"instance": None}, {"instance": row(None)}])
def test_without_a_shard_there_is_no_answer(hints):
    for ask in (ShardRouter().db_for_read, ShardRouter().db_for_write):
        with pytest.raises(NoShard, match="User is sharded"):
            ask(model(), **hints)


def test_a_row_that_is_known_is_where_it_came_from():
    hint = {"instance": row("shard_1_replica_2")}
    assert ShardRouter().db_for_read(model(), **hint) == "shard_1_replica_2"
    assert ShardRouter().db_for_write(model(), **hint) == "shard_1"


def test_other_apps_are_not_its_business():
    router = ShardRouter()
    assert router.db_for_read(model("keys")) is router.db_for_write(model("keys")) is None
    assert router.allow_relation(row("default", "keys"), row("shard_1", "bus")) is None


def test_rows_of_two_shards_are_not_related():
    allow = ShardRouter().allow_relation
    assert allow(row("shard_1"), row("shard_1_replica_2"))
    assert not allow(row("shard_1"), row("shard_2"))
    assert not allow(row(None), row("default"))
