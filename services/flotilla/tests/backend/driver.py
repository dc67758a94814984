"""A pretended driver below the database engine: connections, cursors and a server that fails as scripted."""

import time
from contextlib import nullcontext
from types import SimpleNamespace

import psycopg

from flotilla import context
from flotilla import settings as parts
from flotilla.db.backend.base import DatabaseWrapper
from flotilla.env import Env

LOST = psycopg.OperationalError("server closed the connection unexpectedly")
REFUSED = psycopg.OperationalError("connection refused")
ENV = Env(
    database_hosts=("a", "b"),
    database_name="web",
    database_shards=("web_1",),
    database_user="web",
    database_replicas=(1,),
)


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
        self.server, self.closed, self.autocommit, self.limits, self.pooler = server, False, False, [], "a"
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
        self.found, self.waits, self.downs, self.doubts = found, 0, 0, 0
        self.meanwhile = lambda: None  # what goes on while somebody waits

    def wait(self, until):
        self.waits += 1
        self.meanwhile()
        return self.found

    def mark_down(self):
        self.downs += 1

    def suspect(self):
        self.doubts += 1


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
