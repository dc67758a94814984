"""Sessions, health, one-shot jobs, and the settings that tie them together."""

import json
import os
import sqlite3
import time
from types import SimpleNamespace

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, transaction
from django.test import RequestFactory

from flotilla import context, metrics
from flotilla import settings as parts
from flotilla.cache import nodes
from flotilla.cache.backend import ShardedCache
from flotilla.db import primaries, replicas
from flotilla.db.choice import Node
from flotilla.env import Env
from flotilla.health import checks, urls, views
from flotilla.jobs import once, quick, stamps
from flotilla.sessions import SessionStore
from flotilla.wsgi import application_for

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

# -- Settings


def test_settings_of_the_whole_stack():
    databases = parts.databases(FULL)
    assert {*databases} == {"default", "replica_1", "replica_3"}
    assert (databases["replica_3"]["NAME"], databases["replica_3"]["USER"]) == ("web_3", "web_ro")
    assert databases["default"]["HOST"] == "a,b"
    assert databases["default"]["CONN_MAX_AGE"] == 60
    found = parts.caches(FULL)
    assert found["default"]["LOCATION"] == ["c:1", "c:2"]
    assert found["sessions"]["BACKEND"].endswith("SentinelCache")
    security = parts.security(FULL)
    assert "https://shop.test:8443" in security["CSRF_TRUSTED_ORIGINS"]
    assert security["DEBUG_PROPAGATE_EXCEPTIONS"]
    assert parts.routers() == ["flotilla.db.router.ReplicaRouter"]
    assert parts.logging(FULL)["root"]["level"] == "INFO"
    assert not parts.sessions()["SESSION_SAVE_EVERY_REQUEST"]


def test_null_settings():
    assert parts.databases(Env())["default"]["ENGINE"].endswith("sqlite3")
    assert {cache["BACKEND"].rsplit(".")[-1] for cache in parts.caches(Env()).values()} == {"LocMemCache"}
    assert "Manifest" in parts.static(Env())["STORAGES"]["staticfiles"]["BACKEND"]
    assert "Manifest" not in parts.static(Env(debug=True))["STORAGES"]["staticfiles"]["BACKEND"]


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


# -- Sessions


@pytest.fixture
def session(db, settings, django_capture_on_commit_callbacks):
    settings.CACHES = {"sessions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    caches["sessions"].clear()
    made = SessionStore()
    made["who"] = "alice"
    with django_capture_on_commit_callbacks(execute=True):
        made.create()
        made.save()
    return made


def loaded(key):
    return SessionStore(key).load()


def test_a_session_is_read_from_the_cache(session, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert loaded(session.session_key) == {"who": "alice"}


def test_losing_the_cache_loses_no_login(session, django_assert_num_queries):
    caches["sessions"].clear()
    with django_assert_num_queries(1):
        assert loaded(session.session_key) == {"who": "alice"}
    with django_assert_num_queries(0):
        assert loaded(session.session_key) == {"who": "alice"}


def test_after_a_write_the_database_is_asked(session, django_assert_num_queries):
    """Whatever an older cache says."""
    caches["sessions"].set("session:" + session.session_key, {"who": "somebody else"})
    with context.use(context.RequestState(position=1)), django_assert_num_queries(1):
        assert loaded(session.session_key) == {"who": "alice"}


def test_a_rolled_back_session_is_not_cached(session):
    changed = SessionStore(session.session_key)
    changed["who"] = "mallory"
    sid = transaction.savepoint()
    changed.save()
    transaction.savepoint_rollback(sid)
    assert loaded(session.session_key) == {"who": "alice"}


def test_logging_out_removes_both(session, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        session.delete()
    assert Session.objects.count() == 0
    assert loaded(session.session_key) == {}
    SessionStore().delete()


def test_an_unknown_session_is_empty(db, settings):
    settings.CACHES = {"sessions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert loaded("nonsense-nonsense-nonsense-12345") == {}


# -- Health


def fake_pool(monkeypatch, *states):
    """One node per letter: r replica, p primary, x away."""
    nodes_ = [Node(f"replica_{n}", healthy=s != "x", is_replica=s == "r") for n, s in enumerate(states)]
    monkeypatch.setattr(replicas, "pool", lambda: SimpleNamespace(nodes=lambda: nodes_))


@pytest.mark.parametrize(("states", "result"), [("", "none"), ("rrp", "ok"), ("rxp", "degraded"), ("xxp", "down")])
def test_replication(monkeypatch, states, result):
    fake_pool(monkeypatch, *states)
    assert checks.replication() == result


@pytest.mark.parametrize(("up", "result"), [((1, 1), "ok"), ((1, 0), "degraded"), ((0, 0), "down")])
def test_cache_health(monkeypatch, up, result):
    class Redis:
        def __init__(self, answers):
            self.answers = answers

        def ping(self):
            return bool(self.answers)

    cache = ShardedCache(["h:1"], {})
    monkeypatch.setattr(cache, "_nodes", [nodes.Node("n", lambda a=answers: Redis(a)) for answers in up])
    monkeypatch.setattr(checks, "caches", {"default": cache})
    assert checks.cache() == result
    monkeypatch.setattr(checks, "caches", {"default": object()})
    assert checks.cache() == "ok"


@pytest.mark.parametrize(
    ("vendor", "up", "result"), [("sqlite", False, "ok"), ("postgresql", True, "ok"), ("postgresql", False, "down")]
)
def test_database_health(monkeypatch, vendor, up, result):
    class Probe:
        def __init__(self, alias):
            pass

        def __call__(self):
            return up

        def close(self):
            pass

    monkeypatch.setattr(checks, "connections", {"default": SimpleNamespace(vendor=vendor)})
    monkeypatch.setattr(primaries, "DatabaseProbe", Probe)
    assert checks.database() == result


def asked(monkeypatch, **results):
    def check(result):
        if result == "raises":
            raise RuntimeError("broken check")
        if result == "slow":
            time.sleep(0.2)
        return result

    monkeypatch.setattr(checks, "BUDGET_SECONDS", 0.05)
    everything = {"database": "ok", "replicas": "ok", "cache": "ok"} | results
    monkeypatch.setattr(checks, "CHECKS", {name: lambda r=r: check(r) for name, r in everything.items()})
    response = views.health(RequestFactory().get("/health/"))
    return response.status_code, json.loads(response.content)


@pytest.mark.parametrize(
    ("results", "code", "status"),
    [
        ({}, 200, "healthy"),
        ({"replicas": "none"}, 200, "healthy"),
        ({"replicas": "degraded"}, 200, "degraded"),
        ({"cache": "raises"}, 200, "degraded"),
        ({"database": "down"}, 503, "unhealthy"),
        ({"database": "slow"}, 503, "unhealthy"),
    ],
)
def test_health(monkeypatch, results, code, status):
    found = asked(monkeypatch, **results)
    assert (found[0], found[1]["status"]) == (code, status)


def test_ready_when_anything_can_be_read(monkeypatch):
    for database, replication, code in (("ok", "down", 200), ("down", "degraded", 200), ("down", "none", 503)):
        monkeypatch.setattr(checks, "database", lambda d=database: d)
        monkeypatch.setattr(checks, "replication", lambda r=replication: r)
        assert views.readyz(RequestFactory().get("/readyz")).status_code == code


# -- Jobs


def test_work_is_done_once_per_stamp(db):
    done = []
    assert once.run_once("job", "1", lambda: done.append("first"))
    assert not once.run_once("job", "1", lambda: done.append("again"))
    assert once.run_once("job", "2", lambda: done.append("second"))
    assert done == ["first", "second"]


def test_failed_work_leaves_no_stamp(db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        once.run_once("job", "1", lambda: 1 / 0)
    assert once.run_once("job", "1", lambda: None)


def test_on_postgres_one_at_a_time(db, monkeypatch):
    statements = []
    real = connection.cursor

    class Cursor:
        def __init__(self):
            self.cursor = real()

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            self.cursor.close()

        def execute(self, sql, params=None):
            statements.append(sql)
            return None if "advisory" in sql else self.cursor.execute(sql, params)

        def fetchone(self):
            return self.cursor.fetchone()

    monkeypatch.setattr(connection, "cursor", Cursor)
    monkeypatch.setattr(connection, "vendor", "postgresql")
    once.run_once("job", "1", lambda: None)
    assert any("pg_advisory_xact_lock" in sql for sql in statements)


def test_migrate_once(db, settings, capsys):
    settings.FLOTILLA = Env()
    call_command("migrate_once")
    call_command("migrate_once")
    assert capsys.readouterr().out.endswith("migrate: done\nmigrate: already done\n")


class Stamped:
    """A database that has, or has not, a stamp; SQLite behind psycopg's interface."""

    def __init__(self, stamp):
        self.stamp = stamp

    def __enter__(self):
        self.link = sqlite3.connect(":memory:")
        return self

    def __exit__(self, *exc):
        self.link.close()

    def cursor(self):
        link = self.link
        if self.stamp:
            link.execute(stamps.TABLE)
            link.execute("INSERT INTO flotilla_stamp VALUES (?, ?)", self.stamp)

        def execute(sql, params):
            try:
                return cursor.execute(sql.replace("%s", "?"), params)
            except sqlite3.OperationalError as error:
                raise psycopg.errors.UndefinedTable(str(error)) from None

        cursor = link.cursor()
        return SimpleNamespace(execute=execute, fetchone=cursor.fetchone)


@pytest.fixture
def job(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    for name, value in (
        ("DATABASE_HOSTS", "a"),
        ("DATABASE_NAME", "web"),
        ("DATABASE_USER", "web"),
        ("SECRET_KEY", "k"),
    ):
        monkeypatch.setenv(name, value)
    executed, found = [], []

    def connect(**params):
        answer = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(answer, Exception):
            raise answer
        return Stamped(answer)

    monkeypatch.setattr(psycopg, "connect", connect)
    monkeypatch.setattr(os, "execv", lambda program, arguments: executed.append(arguments[1:]))
    return SimpleNamespace(executed=executed, found=found)


def test_a_job_whose_stamp_matches_ends_at_once(job, capsys):
    env = Env.from_environ()
    for name in ("migrate", "seed"):
        job.found[:] = [
            psycopg.OperationalError("refused"),
            psycopg.OperationalError("refused"),
            (name, quick.stamp_of(env, name)),
        ]
        quick.main([name, "command"])
    assert job.executed == []
    assert capsys.readouterr().out.splitlines()[:2] == ["migrate: waiting for the database", "migrate: already done"]


@pytest.mark.parametrize("found", [None, ("migrate", "other"), ("other", "x")])
def test_else_it_becomes_the_command(job, found):
    job.found[:] = [found]
    quick.main(["migrate", "migrate_once"])
    assert job.executed == [[str(quick.ROOT / "manage.py"), "migrate_once"]]


def test_a_job_gives_up_with_a_sentence(job, monkeypatch):
    monkeypatch.setattr(quick, "WAIT_SECONDS", -1)
    job.found[:] = [psycopg.OperationalError("refused")]
    with pytest.raises(SystemExit, match="no primary within"):
        quick.main(["migrate", "migrate_once"])
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(SystemExit, match="migrate: DEBUG"):
        quick.main(["migrate", "migrate_once"])


def test_the_applications_entry(monkeypatch):
    monkeypatch.setattr("django.core.wsgi.get_wsgi_application", lambda: lambda environ, start_response: [b"django"])
    application = application_for("web")
    assert application({"PATH_INFO": "/"}, None) == [b"django"]


def test_addresses_of_health():
    assert {str(pattern.pattern) for pattern in urls.urlpatterns} == {"health/", "readyz"}
