"""Databases, a broker, and workers that can be started, killed and told to end. Made by scripts/test-bus."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import redis

from tests.starved import pytest_runtest_makereport, pytest_runtest_protocol  # noqa: F401 - hooks

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "services/manage.py")]
PASSWORD = "bus"
TABLES = "bus_outbox, bus_delivery, bus_inbox, bus_entityversion, bus_deadletter, bus_brokerseen, effect"
POP_SECONDS = 2.0  # flotilla.bus.app


def environ(service: str, **more: str) -> dict[str, str]:
    """Of a process of this service."""
    return (
        os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.bus.project",
            "SERVICE": service,
            "DATABASE_HOSTS": "pgbouncer",
            "DATABASE_NAME": service,
            "DATABASE_USER": "bus",
            "DATABASE_SSLMODE": "disable",
            "SECRET_KEY": "only-for-tests",
            "REDIS_SENTINELS": "redis:26379",
            "REDIS_PASSWORD": PASSWORD,
            "BUS_REDELIVER_SECONDS": "60",
            "METRICS_PORT": "0",
        }
        | more
    )


def eventually(question, seconds: float = 20.0, every: float = 0.1):
    """The first true answer; fails when there is none in time."""
    until = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(every)
    return answer


def connect(database: str) -> psycopg.Connection:
    return psycopg.connect(f"host=postgres user=bus dbname={database}", autocommit=True)


@pytest.fixture(scope="session")
def servers():
    """Both databases migrated, and the Sentinel names a master that has its replica."""

    def answers():
        try:
            return connect("postgres")
        except psycopg.OperationalError:
            return None

    with eventually(answers, 60) as link:
        for service in ("orders", "products"):
            link.execute(f"CREATE DATABASE {service}")
    for service in ("orders", "products"):
        subprocess.run([*MANAGE, "migrate", "-v0"], env=environ(service), check=True)
        with connect(service) as link:
            link.execute("CREATE TABLE effect (id bigserial, subject text, type text, version bigint)")
    eventually(lambda: master().info("replication")["connected_slaves"] == 1, 60)


def master() -> redis.Redis:
    """Whoever the Sentinel names now."""
    return redis.Sentinel([("redis", 26379)]).master_for(
        "main", username="operator", password=PASSWORD, socket_timeout=5
    )


@pytest.fixture(scope="session")
def django(servers):
    """This process publishes, as orders; what it asserts it reads by plain SQL."""
    os.environ.update(environ("orders"))
    import django

    django.setup()


class Bus:
    """What the tests do with the two services. Ordinary workers that a test leaves alive serve the next one."""

    idle: list[subprocess.Popen] = []

    def __init__(self, folder: Path):
        self.folder = folder
        self.workers: list[subprocess.Popen] = []
        self.sql = {service: connect(service) for service in ("orders", "products")}

    def start(self, service: str, **more: str) -> subprocess.Popen:
        """A worker that consumes, when this returns."""
        if more:
            self.retire(service)
        left = [worker for worker in self.idle if worker.service == service]
        worker = left[0] if left else self._new(service, more)
        if left:
            self.idle.remove(worker)
        self.workers.append(worker)
        return worker

    def _new(self, service: str, more: dict[str, str]) -> subprocess.Popen:
        name = f"{service}-{time.monotonic_ns()}"
        beat = self.folder / name
        settings = {"REPLICA": name, "BUS_HEARTBEAT": str(beat)} | more
        worker = subprocess.Popen([*MANAGE, "bus", "worker"], env=environ(service, **settings))
        worker.service, worker.beat, worker.ordinary = service, beat, not more
        eventually(lambda: beat.exists() or worker.poll() is not None, 40)
        assert worker.poll() is None, "the worker has ended"
        return worker

    def retire(self, *services: str) -> None:
        """No worker of an earlier test consumes for these any more."""
        for worker in [worker for worker in self.idle if worker.service in services]:
            self.idle.remove(worker)
            stop(worker)

    def end(self) -> None:
        for worker in self.workers:
            if worker.ordinary and worker.poll() is None:
                resume(worker)
                self.idle.append(worker)
            else:
                stop(worker)

    def clean(self) -> None:
        master().flushall()
        for link in self.sql.values():
            link.execute(f"TRUNCATE {TABLES}")

    def one(self, service: str, sql: str, *values):
        return self.sql[service].execute(sql, values).fetchone()[0]

    def effects(self, service: str, type: str = "orders.order.placed.v1") -> list[str]:
        """Subjects, one for each call of a handler that had effect."""
        rows = self.sql[service].execute("SELECT subject FROM effect WHERE type = %s ORDER BY id", [type]).fetchall()
        return [row[0] for row in rows]

    def unconfirmed(self, service: str = "orders") -> int:
        return self.one(service, "SELECT count(*) FROM bus_delivery WHERE confirmed_at IS NULL")

    def sendings(self, service: str = "orders") -> int:
        """The most times that one event was sent."""
        return self.one(service, "SELECT coalesce(max(attempts), 0) FROM bus_delivery")

    def settled(self, count: int, seconds: float = 30.0) -> None:
        """All of `count` orders have had their effect, there and back, and everybody knows; none had it twice."""
        eventually(lambda: len(self.effects("orders", "products.stock.reserved.v1")) >= count, seconds)
        eventually(lambda: not self.unconfirmed("orders") and not self.unconfirmed("products"), seconds)
        for service, type in (("products", "orders.order.placed.v1"), ("orders", "products.stock.reserved.v1")):
            found = self.effects(service, type)
            assert len(found) == len(set(found)) == count

    def queue(self, name: str) -> int:
        return master().llen(name)


@pytest.fixture(scope="session")
def folder(django, tmp_path_factory):
    yield tmp_path_factory.mktemp("beats")
    for worker in Bus.idle:
        stop(worker)


@pytest.fixture
def bus(folder):
    made = Bus(folder)
    made.clean()
    yield made
    made.end()
    for link in made.sql.values():
        link.close()


@pytest.fixture
def place(django):
    """Publish orders, each in a transaction of its own: `place(3)` gives their ids."""
    from django.db import transaction

    from flotilla.bus.publishing import publish
    from flotilla.events import contracts as c
    from flotilla.uuid7 import uuid7

    def order(cls=c.OrderPlaced, *, version: int = 1, id=None):
        line = c.Line(product_id=uuid7(), quantity=1)
        now = datetime.now(UTC)
        return cls(
            version=version,
            order_id=id or uuid7(),
            user_id=uuid7(),
            lines=(line,),
            total_cents=1,
            created=now,
            reason="",
        )

    def place(count: int = 1, cls=c.OrderPlaced, **fields) -> list[str]:
        events = [order(cls, **fields) for _ in range(count)]
        for event in events:
            with transaction.atomic():
                publish(event)
        return [event.subject for event in events]

    return place


def pause(worker: subprocess.Popen) -> None:
    """It has its connections and does nothing: messages stay in the queue."""
    worker.send_signal(signal.SIGSTOP)
    time.sleep(POP_SECONDS + 0.5)  # what it was waiting for at the server, it would still be given


def resume(worker: subprocess.Popen) -> None:
    worker.send_signal(signal.SIGCONT)


def stop(worker: subprocess.Popen) -> None:
    worker.kill()
    worker.wait()
