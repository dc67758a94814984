"""The database engine over a pretended driver: what is sent again, what waits, what is in doubt."""

import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.db.backends.postgresql import base as postgresql
from django.db.utils import InterfaceError, ProgrammingError

from flotilla import context
from flotilla import settings as parts
from flotilla.db import primaries, replicas
from flotilla.db.backend import base
from flotilla.db.backend import connection as connection_module
from flotilla.db.backend.base import CommitInDoubt, DatabaseWrapper, PrimaryUnavailable
from flotilla.db.backend.connection import BoundedConnection, ServerSilent, connect
from flotilla.db.hosts import HostBook
from flotilla.env import Env

LOST = psycopg.OperationalError("server closed the connection unexpectedly")
REFUSED = psycopg.OperationalError("connection refused")
ENV = Env(database_hosts=("a", "b"), database_name="web", database_user="web", database_replicas=(1,))


class FakeCursor:
    def __init__(self, link):
        self.link = link

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def execute(self, sql, params=None):
        self.link.server.execute(self.link, sql)

    executemany = execute

    def close(self):
        pass


class FakeLink:
    """A connection: what Django's backend and ours use of psycopg's."""

    def __init__(self, server):
        self.server, self.closed, self.autocommit, self.limits = server, False, False, []
        self.info = SimpleNamespace(parameter_status=lambda name: "UTC", server_version=170000, host="a")
        self.adapters = SimpleNamespace(get_loader=lambda *args: SimpleNamespace(timezone=None))

    def cursor(self, *args, **kwargs):
        if self.closed:
            raise psycopg.OperationalError("the connection is closed")
        return FakeCursor(self)

    def commit(self):
        self.server.execute(self, "COMMIT")

    def rollback(self):
        self.server.execute(self, "ROLLBACK")

    def close(self):
        self.closed = True

    def limited(self, seconds):
        self.limits.append(seconds)
        return nullcontext()


class FakeServer:
    """Keeps a log of statements; `faults` are raised in order, None for an answer."""

    def __init__(self):
        self.log, self.faults, self.links, self.refusals = [], [], [], []

    def connect(self, params):
        if self.refusals:
            raise self.refusals.pop(0)
        self.links.append(FakeLink(self))
        return self.links[-1]

    def execute(self, link, sql):
        if link.closed:
            raise psycopg.OperationalError("the connection is closed")
        fault = self.faults.pop(0) if self.faults else None
        self.log.append((self.links.index(link), sql))
        if fault:
            link.closed = not fault.sqlstate
            raise fault


class FakePrimary:
    def __init__(self, found=True):
        self.found, self.waits, self.downs = found, 0, 0

    def wait(self, until):
        self.waits += 1
        return self.found

    def mark_down(self):
        self.downs += 1


@pytest.fixture
def server(monkeypatch, django_db_blocker):
    """Nothing here reaches a database, so the guard against that is in the way."""
    made = FakeServer()
    monkeypatch.setattr(base, "connect", made.connect)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(postgresql, "register_tzloader", lambda timezone, cursor: None)
    with django_db_blocker.unblock():
        yield made


@pytest.fixture
def primary(monkeypatch):
    made = FakePrimary()
    monkeypatch.setattr(primaries, "of", lambda alias: made)
    return made


def wrapper(alias="default"):
    settings = parts.databases(ENV)[alias] | {
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "TIME_ZONE": None,
        "TEST": {},
    }
    made = DatabaseWrapper(settings, alias=alias)
    made.inc_thread_sharing()
    return made


@pytest.fixture
def db(server, primary, monkeypatch):
    made = wrapper()
    monkeypatch.setattr(transaction, "get_connection", lambda using=None: made)
    return made


def holding(**fields):
    return context.use(context.RequestState(policy=context.Policy.HOLD, deadline=time.monotonic() + 40, **fields))


def reading():
    return context.use(context.RequestState(deadline=time.monotonic() + 40))


def run(db, *statements):
    with db.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def kept(db):
    """The connection as a later request finds it."""
    run(db, "SELECT 0")
    db.close_if_unusable_or_obsolete()


# -- Connecting


def test_connecting_waits_for_a_primary(db, server, primary):
    server.refusals = [REFUSED, REFUSED]
    with holding():
        run(db, "INSERT 1")
    assert primary.waits == 2
    assert server.log == [(0, "INSERT 1")]


def test_connecting_gives_up_in_time(db, server, primary):
    server.refusals, primary.found = [REFUSED], False
    with holding(), pytest.raises(PrimaryUnavailable):
        run(db, "INSERT 1")


@pytest.mark.parametrize("state", [reading, lambda: context.use(None)])
def test_pages_and_commands_do_not_wait(db, server, primary, state):
    server.refusals = [REFUSED]
    with state(), pytest.raises(OperationalError, match="refused"):
        run(db, "SELECT 1")
    assert (primary.waits, primary.downs) == (0, 1)


def test_a_wrong_password_is_not_waited_for(db, server, primary):
    server.refusals = [psycopg.errors.InvalidPassword("wrong")]
    with holding(), pytest.raises(OperationalError):
        run(db, "SELECT 1")
    assert primary.waits == 0


# -- Statements


def test_the_first_statement_of_a_transaction_is_sent_again(db, server, primary):
    server.faults = [LOST, LOST]
    with holding(), transaction.atomic():
        run(db, "INSERT 1", "INSERT 2")
        assert db.in_atomic_block
        assert not db.connection.autocommit
    assert server.log == [(0, "INSERT 1"), (1, "INSERT 1"), (2, "INSERT 1"), (2, "INSERT 2"), (2, "COMMIT")]
    assert primary.waits == 2


def test_a_demoted_primary_is_waited_out(db, server, primary):
    server.faults = [psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")]
    with holding(), transaction.atomic():
        run(db, "INSERT 1")
    assert server.log[-1] == (1, "COMMIT")


def test_the_second_statement_is_not(db, server):
    server.faults = [None, LOST]
    with holding(), pytest.raises(OperationalError), transaction.atomic():
        run(db, "INSERT 1", "INSERT 2")
    assert server.log == [(0, "INSERT 1"), (0, "INSERT 2")]


def test_a_statement_of_its_own_only_when_it_was_not_executed(db, server, primary):
    with holding():
        server.faults = [psycopg.errors.ProtocolViolation("server login has been failing")]
        run(db, "UPDATE 1")
        assert server.log == [(0, "UPDATE 1"), (1, "UPDATE 1")]
        server.faults = [LOST]
        with pytest.raises(OperationalError):
            run(db, "UPDATE 2")
    assert server.log.count((1, "UPDATE 2")) == 1


def test_a_kept_connection_that_died_is_replaced_at_once(db, server, primary):
    kept(db)
    server.faults = [LOST]
    with reading():
        run(db, "SELECT 1")
    assert server.log[-2:] == [(0, "SELECT 1"), (1, "SELECT 1")]
    assert (primary.waits, primary.downs) == (0, 0)


def test_but_not_for_a_write_of_its_own_nor_outside_of_requests(db, server):
    kept(db)
    server.faults = [LOST]
    with reading(), pytest.raises(OperationalError):
        run(db, "UPDATE 1")
    db.close()
    kept(db)
    server.faults = [LOST]
    with pytest.raises(OperationalError):
        run(db, "SELECT 1")


def test_a_silent_server_is_not_asked_twice(db, server, primary):
    kept(db)
    server.faults = [ServerSilent("no answer")]
    with reading() as state:
        with pytest.raises(OperationalError):
            run(db, "SELECT 1")
        assert state.avoid == {"default"}
    assert primary.downs == 1


def test_errors_of_the_statement_are_its_own(db, server, primary):
    server.faults = [psycopg.errors.UniqueViolation("taken")]
    with holding(), pytest.raises(IntegrityError), transaction.atomic():
        run(db, "INSERT 1")
    assert (primary.waits, primary.downs) == (0, 0)


def test_many_and_logged_statements_are_sent_again_too(db, server, monkeypatch):
    monkeypatch.setattr(type(db.ops), "last_executed_query", lambda self, cursor, sql, params: sql)
    for debug in (False, True):
        db.force_debug_cursor = debug
        server.faults = [LOST]
        with holding(), transaction.atomic(), db.cursor() as cursor:
            cursor.executemany("INSERT 1", [])
        server.faults = [LOST]
        with holding(), transaction.atomic(), db.cursor() as cursor:
            cursor.execute("INSERT 2")
    assert [sql for _, sql in server.log] == ["INSERT 1", "INSERT 1", "COMMIT", "INSERT 2", "INSERT 2", "COMMIT"] * 2


def test_replicas_fail_fast_and_are_left_alone(server, primary, monkeypatch):
    downs = []
    monkeypatch.setattr(replicas, "pool", lambda: SimpleNamespace(mark_down=downs.append))
    db = wrapper("replica_1")
    server.faults = [LOST]
    with holding() as state:
        with pytest.raises(OperationalError):
            run(db, "SELECT 1")
        assert state.avoid == {"replica_1"}
    assert (downs, primary.waits) == (["replica_1"], 0)


def test_the_aliases_used_are_noted(db):
    with reading() as state:
        run(db, "SELECT 1")
    assert state.aliases == {"default"}


# -- COMMIT


@pytest.mark.parametrize("fault", [LOST, psycopg.errors.ProtocolViolation("server conn crashed?")])
def test_a_commit_whose_answer_is_lost_is_in_doubt(db, server, fault):
    server.faults = [None, fault]
    with holding() as state:
        with pytest.raises(CommitInDoubt), transaction.atomic():
            run(db, "INSERT 1")
        assert state.commit_sent
    assert [sql for _, sql in server.log].count("COMMIT") == 1


def test_a_commit_that_the_server_refuses_is_not(db, server):
    server.faults = [None, psycopg.errors.UniqueViolation("deferred")]
    with pytest.raises(IntegrityError), transaction.atomic():
        run(db, "INSERT 1")


def insert_and_lose_the_link(db):
    with transaction.atomic():
        run(db, "INSERT 1")
        db.connection.closed = True


def test_a_commit_over_a_link_known_to_be_dead_was_not_sent(db, server):
    server.faults = [None, LOST]
    with holding() as state:
        with pytest.raises((OperationalError, InterfaceError)) as caught:
            insert_and_lose_the_link(db)
        assert not isinstance(caught.value, CommitInDoubt)
        assert not state.commit_sent


def test_commit_is_bounded_by_the_deadline_alone(db, server):
    with holding(), transaction.atomic():
        run(db, "INSERT 1")
    assert 35 < server.links[0].limits[-1] <= 40


# -- Pings and parameters


def test_usable(db, server):
    assert not db.is_usable()
    run(db, "SELECT 1")
    assert db.is_usable()
    assert server.links[0].limits == [1.0]
    server.links[0].closed = True
    assert not db.is_usable()


def test_no_pings_and_no_server_side_cursors():
    settings = parts.databases(ENV)["default"]
    assert (settings["CONN_HEALTH_CHECKS"], settings["DISABLE_SERVER_SIDE_CURSORS"]) == (False, True)
    assert wrapper().get_connection_params()["prepare_threshold"] is None


def test_programming_errors_pass(db, server):
    server.faults = [psycopg.errors.UndefinedTable("no table")]
    with holding(), pytest.raises(ProgrammingError):
        run(db, "SELECT 1")


# -- The connection class


@pytest.fixture
def psycopg_connect(monkeypatch):
    tried, failing = [], set()

    def opened(**params):
        tried.append(params["host"])
        if params["host"] in failing:
            raise REFUSED
        return params["host"]

    monkeypatch.setattr(BoundedConnection, "connect", opened)
    monkeypatch.setattr(connection_module, "watch", lambda params, host, hosts: None)
    return SimpleNamespace(tried=tried, failing=failing)


def test_the_other_host_is_tried_and_remembered(psycopg_connect):
    book = HostBook(shuffle=lambda hosts: None)
    psycopg_connect.failing.add("a")
    assert connect({"host": "a,b"}, book) == "b"
    assert connect({"host": "a,b"}, book) == "b"
    assert psycopg_connect.tried == ["a", "b", "b"]
    psycopg_connect.failing.add("b")
    with pytest.raises(psycopg.OperationalError):
        connect({"host": "a,b"}, book)


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
        connect({"host": "a"}, book)
    assert tries.wait(5)
    until = time.monotonic() + 5
    while "a" in connection_module._watched and time.monotonic() < until:
        time.sleep(0.001)
    assert book.order(["a", "b"]) == ["a", "b"]
    assert connection_module._watched == {"b"}
    connection_module._watched.clear()


class SilentLink(BoundedConnection):
    """Without a server: only `wait` is used."""

    def __init__(self):
        self.finished = False
        self.pgconn = SimpleNamespace(finish=lambda: setattr(self, "finished", True))

    info = SimpleNamespace(host="a")

    def __del__(self):
        pass


def test_a_wait_is_bounded_inside_requests_only(monkeypatch):
    limits = []

    def wait(self, gen, **kwargs):
        limits.append(kwargs["timeout"])
        if gen:
            raise psycopg.errors._WaitTimeout("expired")

    monkeypatch.setattr(psycopg.Connection, "wait", wait)
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
    assert limits == [None, None, 3.0, 7, 1.0, None, 0.1]
    with reading(), pytest.raises(ServerSilent, match=r"no answer from a within 3\.0 s"):
        link.wait("never answers")
    assert link.finished
    connection_module.book.worked("a")


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


def test_one_primary_per_alias():
    try:
        assert primaries.of("some") is primaries.of("some")
        assert primaries.of("some") is not primaries.of("other")
    finally:
        primaries._primaries.clear()
