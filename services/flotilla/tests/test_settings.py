"""The settings that tie the parts together, and the metrics' server."""

from dataclasses import replace

from django.utils.module_loading import import_string

from flotilla import metrics
from flotilla import settings as parts
from flotilla.env import Env

FULL = Env(
    database_hosts=("a", "b"),
    database_name="web",
    database_user="web",
    database_replicas=(1, 3),
    database_replica_user="web_ro",
    cache_nodes=("c:1", "c:2"),
    redis_sentinels=("s:1",),
    site_host="shop.test",
    https_port=8443,
)


def test_settings_of_the_whole_stack():
    databases = parts.databases(FULL)
    assert {*databases} == {"default", "replica_1", "replica_3"}
    assert (databases["replica_3"]["NAME"], databases["replica_3"]["USER"]) == ("web_3", "web_ro")
    assert databases["default"]["HOST"] == "a,b"
    assert databases["default"]["CONN_MAX_AGE"] == 60
    found = parts.caches(FULL)
    assert found["default"]["LOCATION"] == ["redis://c:1/0", "redis://c:2/0"]
    assert (found["sessions"]["LOCATION"], found["sessions"]["OPTIONS"]["SENTINELS"]) == ("redis://main/0", [("s", 1)])
    for options in (cache["OPTIONS"] for cache in found.values()):
        assert options["IGNORE_EXCEPTIONS"]
        assert options["CONNECTION_POOL_KWARGS"]["max_connections"] > FULL.threads
    security = parts.security(FULL)
    assert "https://shop.test:8443" in security["CSRF_TRUSTED_ORIGINS"]
    assert security["DEBUG_PROPAGATE_EXCEPTIONS"]
    assert parts.routers() == ["flotilla.db.router.ReplicaRouter"]
    assert parts.logging(FULL)["root"]["level"] == "INFO"
    assert not parts.sessions()["SESSION_SAVE_EVERY_REQUEST"]


def test_settings_of_shards():
    databases = parts.databases(replace(FULL, database_name="users_0", database_shards=("users_1", "users_2")))
    names = {alias: database["NAME"] for alias, database in databases.items()}
    assert names == {
        **{"default": "users_0", "replica_1": "users_0_1", "replica_3": "users_0_3"},
        **{"shard_1": "users_1", "shard_1_replica_1": "users_1_1", "shard_1_replica_3": "users_1_3"},
        **{"shard_2": "users_2", "shard_2_replica_1": "users_2_1", "shard_2_replica_3": "users_2_3"},
    }
    assert {database["USER"] for alias, database in databases.items() if "replica" in alias} == {"web_ro"}
    assert databases["shard_1_replica_3"]["TEST"] == {"MIRROR": "shard_1"}
    alone = parts.databases(Env(database_shards=("users_1",)))
    assert [database["NAME"] for database in alone.values()] == ["db.sqlite3", "users_1"]


def test_null_settings():
    assert parts.databases(Env())["default"]["ENGINE"].endswith("sqlite3")
    assert {cache["BACKEND"].rsplit(".")[-1] for cache in parts.caches(Env()).values()} == {"LocMemCache"}
    assert "Manifest" in parts.static(Env())["STORAGES"]["staticfiles"]["BACKEND"]
    assert "Manifest" not in parts.static(Env(debug=True))["STORAGES"]["staticfiles"]["BACKEND"]


def test_settings_of_an_api():
    found = parts.rest(Env(service="products"))
    assert found["ALLOWED_HOSTS"][0] == found["SPECTACULAR_SETTINGS"]["TITLE"] == "products"
    assert not found["APPEND_SLASH"]
    for names in found["REST_FRAMEWORK"].values():
        for name in names if isinstance(names, list) else [names]:
            assert not isinstance(name, str) or "." not in name or import_string(name)
    assert import_string(found["KEY_SCOPE"])
    chain = parts.api_middleware()
    assert not [name for name in chain if "session" in name or "csrf" in name or "messages" in name]
    assert chain[: len(parts.MIDDLEWARE_OUTER)] == parts.MIDDLEWARE_OUTER


def test_who_only_hands_on_runs_nothing_again_and_reads_no_body():
    chain = parts.proxy_middleware()
    assert chain[0] == parts.MIDDLEWARE_OUTER[0]
    assert all(map(import_string, chain))
    assert not [name for name in chain if "Rerun" in name or "InputMiddleware" in name]


def test_what_may_run_twice_is_inside_what_runs_it():
    chain = parts.middleware()
    rerun = chain.index("flotilla.requests.rerun.RerunMiddleware")
    assert rerun < chain.index("django.contrib.sessions.middleware.SessionMiddleware")
    assert rerun < chain.index("django.contrib.auth.middleware.AuthenticationMiddleware")


def test_metrics_are_served_once(monkeypatch):
    ports = []
    monkeypatch.setattr(metrics, "start_http_server", ports.append)
    metrics.serve(9000)
    metrics.serve(9000)
    assert ports == [9000]
    metrics._started.release()
