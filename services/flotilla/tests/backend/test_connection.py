"""The connection class and the probe: other hosts, bounded waits, who is primary."""

import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest

from flotilla import context
from flotilla.db import primaries
from flotilla.db.backend import connection as connection_module
from flotilla.db.backend.connection import BoundedConnection, PoolerSilent, ServerSilent, connect
from flotilla.db.hosts import HostBook
from flotilla.tests.backend.driver import ENV, LOST, REFUSED, reading, wrapper

# -- The connection class


@pytest.fixture
def psycopg_connect(monkeypatch):
    made = SimpleNamespace(tried=[], failing=set(), silent=set(), watched=[])
    tried, failing = made.tried, made.failing

    def opened(**params):
        tried.append(params["host"])
        if params["host"] in failing:
            raise REFUSED
        return SimpleNamespace(opened=params["host"])

    monkeypatch.setattr(BoundedConnection, "connect", opened)
    monkeypatch.setattr(connection_module, "watch", lambda params, host, hosts: made.watched.append(host))
    monkeypatch.setattr(connection_module.pings, "answers", lambda host, port: host not in made.silent)
    monkeypatch.setattr(connection_module, "book", HostBook(shuffle=lambda hosts: None))
    return made


HOSTS = {"host": "a,b", "port": "6432"}


def test_the_other_host_is_tried_and_remembered(psycopg_connect):
    book = HostBook(shuffle=lambda hosts: None)
    psycopg_connect.failing.add("a")
    assert connect(HOSTS, book).opened == "b"
    assert connect(HOSTS, book).pooler == "b"
    assert psycopg_connect.tried == ["a", "b", "b"]
    psycopg_connect.failing.add("b")
    with pytest.raises(psycopg.OperationalError):
        connect(HOSTS, book)


def test_a_silent_host_is_left_before_psycopg_waits_for_it(psycopg_connect):
    book = HostBook(shuffle=lambda hosts: None)
    psycopg_connect.silent.add("a")
    assert connect(HOSTS, book, blame=False).opened == "b"
    assert (psycopg_connect.tried, psycopg_connect.watched) == (["b"], ["a"])
    assert book.order(["a", "b"]) == ["b", "a"]


def test_the_last_host_is_tried_even_when_it_is_silent(psycopg_connect):
    psycopg_connect.silent.update("ab")
    assert connect(HOSTS, HostBook(shuffle=lambda hosts: None)).opened == "b"


def test_a_nodes_failure_is_not_held_against_the_pooler(psycopg_connect):
    book = HostBook(shuffle=lambda hosts: None)
    psycopg_connect.failing.add("a")
    assert connect(HOSTS, book, blame=False).opened == "b"
    assert (book.order(["a", "b"]), psycopg_connect.watched) == (["a", "b"], [])


# -- Waiting


def expire(self, gen, **kwargs):
    time.sleep(kwargs["timeout"])
    raise psycopg.errors._WaitTimeout("expired")


@pytest.fixture
def frozen(psycopg_connect, monkeypatch):
    """A connection through pooler `a` on which nothing ever comes."""
    monkeypatch.setattr(psycopg.Connection, "wait", expire)
    monkeypatch.setattr(connection_module, "DOUBT_SECONDS", 0.005)
    return SilentLink()


def waited(link, seconds=0.1):
    started = time.monotonic()
    with link.limited(seconds), pytest.raises(ServerSilent) as caught:
        link.wait("never answers")
    assert link.finished
    return caught.type, time.monotonic() - started


def test_a_silent_pooler_is_left_at_the_first_doubt(frozen, psycopg_connect):
    psycopg_connect.silent.add("a")
    kind, seconds = waited(frozen, seconds=30)
    assert (kind, psycopg_connect.watched) == (PoolerSilent, ["a"])
    assert seconds < 5
    assert connection_module.book.order(["a", "b"]) == ["b", "a"]


def test_a_pooler_that_answers_is_not_blamed_for_its_server(frozen, psycopg_connect):
    kind, seconds = waited(frozen)
    assert (kind, psycopg_connect.watched) == (ServerSilent, [])
    assert seconds >= 0.1
    assert connection_module.book.order(["a", "b"]) == ["a", "b"]


def test_without_a_better_pooler_the_time_is_waited_out(frozen, psycopg_connect):
    psycopg_connect.silent.update("ab")
    connection_module.book.failed("b")
    kind, seconds = waited(frozen)
    assert kind is PoolerSilent
    assert seconds >= 0.1


def test_a_server_known_to_be_lost_is_not_waited_for(frozen):
    frozen.is_lost = lambda: True
    kind, seconds = waited(frozen, seconds=30)
    assert kind is ServerSilent
    assert seconds < 5


def test_without_a_thread_to_watch_the_next_failure_tries_again(monkeypatch):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    connection_module.watch({}, "c", HostBook())
    assert "c" not in connection_module._watched


def test_one_thread_finds_out_when_a_host_is_back(monkeypatch):
    book, answers, tries = HostBook(shuffle=lambda hosts: None), [REFUSED, REFUSED, None], threading.Event()

    def opened(**params):
        if error := answers.pop(0):
            raise error
        tries.set()
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr(connection_module, "WATCH_SECONDS", 0.001)
    monkeypatch.setattr(BoundedConnection, "connect", opened)
    connection_module._watched.add("b")
    connection_module.watch({}, "b", book)
    with pytest.raises(psycopg.OperationalError):
        connect({"host": "a"}, book)  # the only one: not asked first
    assert tries.wait(5)
    until = time.monotonic() + 5
    while "a" in connection_module._watched and time.monotonic() < until:
        time.sleep(0.001)
    assert book.order(["a", "b"]) == ["a", "b"]
    assert connection_module._watched == {"b"}
    connection_module._watched.clear()


class SilentLink(BoundedConnection):
    """Without a server: only `wait` is used."""

    pooler, opened_with = "a", HOSTS

    def __init__(self):
        self.finished = False
        self.pgconn = SimpleNamespace(finish=lambda: setattr(self, "finished", True))

    def __del__(self):
        pass


def test_a_wait_is_bounded_inside_requests_only(psycopg_connect, monkeypatch):
    limits = []

    def wait(self, gen, timeout=None):
        limits.append(timeout)

    monkeypatch.setattr(psycopg.Connection, "wait", wait)
    monkeypatch.setattr(connection_module, "DOUBT_SECONDS", 10)
    link = SilentLink()
    link.wait(None)
    with context.holding(5):
        link.wait(None)
    with reading():
        link.wait(None)
        link.wait(None, timeout=7)
        with link.limited(1.0):
            link.wait(None)
        with link.limited(float("inf")):
            link.wait(None)
    with context.use(context.RequestState(deadline=0.0)):
        link.wait(None)
    expected = [None, None, 3.0, 7, 1.0, None, 0.1]
    assert limits == [seconds and pytest.approx(seconds, abs=0.05) for seconds in expected]


# -- Probes


class Answering:
    def __init__(self, *rows):
        self.rows, self.closes = list(rows), 0

    def limited(self, seconds):
        return nullcontext()

    def execute(self, sql):
        row = self.rows.pop(0)
        if isinstance(row, Exception):
            raise row
        return SimpleNamespace(fetchone=lambda: row)

    def close(self):
        self.closes += 1


@pytest.mark.parametrize(
    ("links", "answers"),
    [
        ([Answering((False,), (False,))], [True, True]),
        ([Answering((True,))], [False]),
        ([Answering(LOST), Answering((False,))], [False, True]),
        # A kept connection that has died is replaced within the same probe.
        ([Answering((False,), LOST), Answering((False,))], [True, True]),
        ([REFUSED, Answering(None)], [False, False]),
    ],
)
def test_the_probe(monkeypatch, links, answers):
    def opened(params):
        link = links.pop(0)
        if isinstance(link, Exception):
            raise link
        return link

    monkeypatch.setattr(primaries, "connect", opened)
    monkeypatch.setattr(primaries, "connections", {"default": wrapper()})
    probe = primaries.DatabaseProbe("default")
    assert [probe() for _ in answers] == answers
    probe.close()
    probe.close()


def test_the_probe_has_a_pool_of_its_own(settings):
    """PgBouncer's pools are by role: the writers' may be full."""
    options = replace(ENV, database_replica_user="web_ro", database_replica_password="r")
    for settings.FLOTILLA, user in ((ENV, "web"), (options, "web_ro")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(primaries, "connections", {"default": wrapper()})
            assert primaries.DatabaseProbe("default")._params()["user"] == user


def test_one_primary_for_each_cluster(settings):
    settings.DATABASES = {alias: {"HOST": "a,b"} for alias in ("shard_0", "shard_1")} | {"far": {"HOST": "c"}}
    try:
        assert primaries.of("shard_0") is primaries.of("shard_1") is not primaries.of("far")
        assert primaries.of("some") is primaries.of("some")
        assert primaries.of("some") is not primaries.of("other")
    finally:
        primaries._primaries.clear()
