"""One-shot jobs: done once per stamp, and found done without starting Django."""

import os
import sqlite3
import time
from contextlib import contextmanager
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from flotilla.env import Env
from flotilla.jobs import once, quick, stamps
from flotilla.jobs.management.commands import migrate_once


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


def test_what_is_done_is_known_without_a_run(db):
    assert not once.is_done("job", "1")
    once.run_once("job", "1", lambda: None)
    assert once.is_done("job", "1")
    assert not once.is_done("job", "2")


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


# -- Over several databases


class Shard:
    """A database of its own, in memory, as far as a job's stamps go."""

    vendor = "sqlite"

    def __init__(self):
        self.link = sqlite3.connect(":memory:")

    @contextmanager
    def cursor(self):
        cursor = self.link.cursor()
        yield SimpleNamespace(
            execute=lambda sql, params=(): cursor.execute(sql.replace("%s", "?"), params), fetchone=cursor.fetchone
        )


@pytest.fixture
def several(settings, monkeypatch):
    """Three databases and their replicas; `log` has what was opened and closed, in order."""
    settings.DATABASES = {alias: {} for alias in ["default", "replica_1", "shard_1", "shard_1_replica_1", "shard_2"]}
    shards, log = {alias: Shard() for alias in ("default", "shard_1", "shard_2")}, []

    @contextmanager
    def atomic(using):
        log.append(f"begin {using}")
        try:
            yield
        except BaseException:
            log.append(f"roll back {using}")
            raise
        log.append(f"commit {using}")

    monkeypatch.setattr(once, "connections", shards)
    monkeypatch.setattr(once, "transaction", SimpleNamespace(atomic=atomic))
    yield SimpleNamespace(shards=shards, log=log)
    for shard in shards.values():
        shard.link.close()


def test_a_job_has_a_transaction_in_each_database(several):
    work = []
    assert once.run_once("job", "1", lambda: work.append(list(several.log)))
    assert work == [["begin default", "begin shard_1", "begin shard_2"]]
    assert several.log[3:] == ["commit shard_2", "commit shard_1", "commit default"]
    assert not once.run_once("job", "1", lambda: work.append("again"))
    assert once.is_done("job", "1")
    several.shards["shard_2"].link.execute("DROP TABLE flotilla_stamp")  # the database was made anew
    assert not once.is_done("job", "1")
    assert once.run_once("job", "1", lambda: None)


def test_work_that_fails_is_rolled_back_everywhere(several):
    with pytest.raises(ZeroDivisionError):
        once.run_once("job", "1", lambda: 1 / 0)
    assert several.log[3:] == ["roll back shard_2", "roll back shard_1", "roll back default"]
    assert not once.is_done("job", "1")


def test_every_database_is_migrated(settings, monkeypatch):
    settings.DATABASES = {alias: {} for alias in ["default", "replica_1", "shard_1"]}
    migrated = []
    monkeypatch.setattr(migrate_once, "call_command", lambda name, database, **options: migrated.append(database))
    migrate_once.Command().migrate()
    assert migrated == ["default", "shard_1"]


@pytest.mark.parametrize(("last", "executed"), [("the same", 0), (None, 1), (("migrate", "other"), 1)])
def test_a_job_is_done_when_every_database_says_so(job, monkeypatch, last, executed):
    monkeypatch.setenv("DATABASE_SHARDS", "users_1,users_2")
    done = ("migrate", quick.stamp_of(Env.from_environ(), "migrate"))
    job.found[:] = [done, done, done if last == "the same" else last]
    quick.main(["migrate", "migrate_once"])
    assert len(job.executed) == executed
