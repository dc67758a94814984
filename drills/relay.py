"""Who relays the orders' events at this moment: the worker in whose transaction the relay's lock is held.

The lock lasts for milliseconds, and Postgres sees a worker through PgBouncer and HAProxy. So pg_locks tells which
process of the server holds it, the pooler that has this process (SHOW SERVERS) whom it serves with it, and of that
client (SHOW CLIENTS) the address, which the engine knows. Asked again until the lock is the same before and after.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
from psycopg.rows import dict_row
from stack import direct
from stack.engine import api, containers, secret

SERVICE, DATABASE = "orders-worker", "orders"
LOCK = 7_364_052  # as in flotilla/bus/databases.py
WITHIN = 3.0  # seconds; under load there are several turns a second
PAUSE = 0.001

HOLDER = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND (classid, objid, objsubid) = (0, %s, 1)
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def holder() -> str:
    """The worker's container by its name; while nobody relays, the service: whichever of them is next."""
    try:
        with ExitStack() as opened:
            postgres = opened.enter_context(connect(primary(), 5432, DATABASE, "monitor", "postgres_monitor"))
            poolers = [
                opened.enter_context(connect(address, 6432, "pgbouncer", "pgbouncer_stats", "pgbouncer_stats"))
                for address in direct.PGBOUNCER.values()
            ]
            return named(caught(postgres, poolers))
    except psycopg.Error as error:
        raise OSError(str(error).strip()) from error


def primary() -> str:
    return direct.POSTGRES[direct.postgres_primary()]


def connect(address: str, port: int, database: str, user: str, password: str) -> psycopg.Connection:
    """Each statement by itself, and as plain text: PgBouncer's console takes no others."""
    direct.join("db")
    direct.join("data")
    return psycopg.connect(
        host=address, port=port, dbname=database, user=user, password=secret(password), connect_timeout=2,
        autocommit=True, row_factory=dict_row, cursor_factory=psycopg.ClientCursor,
    )  # fmt: skip


def caught(postgres: psycopg.Connection, poolers: list[psycopg.Connection]) -> str:
    """The address of whoever holds the lock; '' when nobody did for a while."""
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        process = held_by(postgres)
        links = [(pooler, link) for pooler in poolers for link in served_by(pooler, process)] if process else []
        if links and held_by(postgres) == process:
            return address_of(*links[0])
        time.sleep(PAUSE)
    return ""


def held_by(postgres: psycopg.Connection) -> int | None:
    row = postgres.execute(HOLDER, [LOCK]).fetchone()
    return row and row["pid"]


def served_by(pooler: psycopg.Connection, process: int) -> Iterator[str]:
    """The client that has this server process now, if it is one of this pooler's."""
    for row in pooler.execute("SHOW SERVERS").fetchall():
        if row["remote_pid"] == process and row["database"] == DATABASE and row["link"]:
            yield row["link"]


def address_of(pooler: psycopg.Connection, link: str) -> str:
    return next((row["addr"] for row in pooler.execute("SHOW CLIENTS").fetchall() if row["ptr"] == link), "")


def named(address: str) -> str:
    """The container of this address."""
    for one in containers(SERVICE) if address else ():
        networks = api(f"/containers/{one.id}/json")["NetworkSettings"]["Networks"].values()
        if address in [network["IPAddress"] for network in networks]:
            return one.name
    return SERVICE
