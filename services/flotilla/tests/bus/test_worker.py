"""The worker's threads: what they look after, how they rest, what they survive, how they end."""

import logging
import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import OperationalError
from django.utils import timezone

from flotilla import metrics as library_metrics
from flotilla.bus import app as celery
from flotilla.bus import (
    confirming,
    databases,
    heartbeat,
    keeper,
    local,
    metrics,
    outgoing,
    periodic,
    pruning,
    retrying,
    worker,
)
from flotilla.bus.databases import DatabaseAway
from flotilla.bus.keeper import Keeper
from flotilla.bus.loops import Loop
from flotilla.bus.models import Delivery, Inbox
from flotilla.bus.outgoing import Outgoing
from flotilla.bus.relay import Turn
from flotilla.bus.remote import BrokerAway
from flotilla.env import Env
from flotilla.tests.bus.making import body, handled, order, told
from flotilla.uuid7 import uuid7


class Bell:
    def __init__(self):
        self.rung = 0

    def wake(self):
        self.rung += 1


@pytest.fixture
def bell():
    return Bell()


@pytest.fixture
def clock():
    now = SimpleNamespace(seconds=1000.0)
    now.tell = lambda: now.seconds
    return now


# -- The keeper --------------------------------------------------------------------------------------------------------


def test_an_idle_bus_costs_one_look_and_a_wait(db, broker, bell, clock, django_assert_num_queries):
    keep = Keeper(broker, bell, clock.tell)
    keep.turn()
    with django_assert_num_queries(1):
        assert keep.turn() == 0.0
    assert broker.waited == [keeper.POLL_SECONDS] * 2
    assert bell.rung == 0


def test_it_relays_and_goes_on_while_there_is_more(db, broker, bell, monkeypatch):
    told(order())
    keep = Keeper(broker, bell)
    assert keep.turn() == 0.0
    assert len(broker.messages) == 2
    turns = [Turn.MORE, Turn.BUSY]
    monkeypatch.setattr(keeper.relay, "turn", lambda alias, broker: turns.pop(0))
    waited = list(broker.waited)
    assert keep.turn() == 0.0
    assert keep.turn() == keeper.BUSY_SECONDS
    assert broker.waited == waited


def test_events_to_be_tried_again_wake_the_retrier(db, broker, bell):
    handled("products").errors = [ValueError("no")]
    worker.receive([body(order())])
    Inbox.objects.update(due_at="2026-01-01T00:00:00Z")
    Keeper(broker, bell).turn()
    assert bell.rung == 1
    assert metrics.OVERDUE.labels("default")._value.get() > 3600


def test_a_broker_that_is_away_is_left_in_peace(db, broker, bell, caplog):
    told(order())
    keep, broker.error = Keeper(broker, bell), BrokerAway("gone")
    pauses = [keep.turn() for _ in range(8)]
    assert 0.1 <= pauses[0] <= 0.2
    assert keeper.AWAY_SECONDS / 2 <= pauses[-1] <= keeper.AWAY_SECONDS
    assert broker.closed == 8
    assert caplog.text.count("the broker is away") == 1
    broker.error = None
    assert keep.turn() == 0.0
    assert len(broker.messages) == 2
    Delivery.objects.all().delete()
    broker.error = BrokerAway("gone while nothing goes on")
    assert keep.turn() == keeper.POLL_SECONDS


def test_without_a_broker_the_handlers_of_this_process_get_what_was_left(db, bell):
    told(order())
    seen = handled("products")
    keep = Keeper(None, bell)
    assert keep.turn() == keeper.POLL_SECONDS
    assert len(seen) == 1
    assert Delivery.objects.get(confirmed_at=None).queue == "web"
    handled("web")
    keep.turn()
    assert keep.turn() == keeper.POLL_SECONDS
    assert not Delivery.objects.filter(confirmed_at=None).exists()


def test_local_delivery_goes_on_as_long_as_batches_are_full(db, monkeypatch, caplog):
    monkeypatch.setattr(local, "BATCH", 2)
    seen = handled("products")
    told(*(order() for _ in range(5)))
    local.deliver("default")
    assert len(seen) == 5

    def lost(*args):
        raise OperationalError("gone")

    monkeypatch.setattr(local, "_deliver", lost)
    local.deliver("default")
    assert "wait in the outbox" in caplog.text


def test_figures_now_and_then(db, broker, bell, clock):
    broker.lengths = {"web": 10**6}
    told(order())
    keep = Keeper(broker, bell, clock.tell)
    keep.turn()
    assert metrics.UNPUBLISHED.labels("default")._value.get() == 1
    assert metrics.LAG.labels("default")._value.get() > 0
    told(order())
    keep.turn()
    assert metrics.UNCONFIRMED.labels("default")._value.get() == 2
    clock.seconds += keeper.FIGURES_SECONDS
    keep.turn()
    assert metrics.UNCONFIRMED.labels("default")._value.get() == 4


# -- Its pruning -------------------------------------------------------------------------------------------------------


def old_rows(count):
    """Events that were received and done with nine days ago."""
    past = timezone.now() - timedelta(days=9)
    ids = (UUID(int=pruning.floor(past).int + n) for n in range(count))
    Inbox.objects.bulk_create(Inbox(event_id=id, consumer="products", received_at=past) for id in ids)


@pytest.fixture
def keep(db, broker, bell, clock):
    """Its first turn is over, in which it does not prune; the next one is due to."""
    made = Keeper(broker, bell, clock.tell)
    made.turn()
    clock.seconds += 2 * keeper.PRUNE_SECONDS
    return made


def test_a_worker_that_has_just_started_does_not_prune(db, broker, bell, clock):
    old_rows(1)
    keep = Keeper(broker, bell, clock.tell)
    for _ in range(2):
        keep.turn()
        clock.seconds += keeper.PRUNE_SECONDS / 2 - 1
    assert Inbox.objects.count() == 1
    clock.seconds += 2 * keeper.PRUNE_SECONDS
    keep.turn()
    assert not Inbox.objects.exists()


def test_thousands_of_old_rows_are_gone_after_a_turn(keep):
    old_rows(3500)
    keep.turn()
    assert not Inbox.objects.exists()


def steps_of(seconds, clock, monkeypatch):
    real = pruning.prune

    def prune():
        clock.seconds += seconds
        return real()

    monkeypatch.setattr(pruning, "prune", prune)


def test_what_a_turn_has_no_time_for_is_for_one_soon(keep, clock, monkeypatch):
    steps_of(0.9, clock, monkeypatch)
    old_rows(7000)
    left = []
    for _ in range(3):
        keep.turn()
        left.append(Inbox.objects.count())
        clock.seconds += 1.5 * keeper.PRUNE_SOON_SECONDS
    assert left == [4000, 1000, 0]
    old_rows(1)
    clock.seconds += keeper.PRUNE_SECONDS / 2 - 100
    keep.turn()
    assert Inbox.objects.count() == 1  # nothing was left: in ten minutes again


def test_it_relays_between_two_steps(keep, broker, monkeypatch):
    sent, steps = [], [True, True, False]

    def prune():
        sent.append(len(broker.messages))
        told(order())
        return pruning.Step(1, steps.pop(0))

    monkeypatch.setattr(pruning, "prune", prune)
    keep.turn()
    assert sent == [0, 2, 4]
    assert len(broker.messages) == 6


def test_a_pruning_that_fails_keeps_nothing_from_the_rest(keep, broker, monkeypatch):
    def fail():
        raise OperationalError("lost")

    monkeypatch.setattr(pruning, "prune", fail)
    told(order())
    with pytest.raises(OperationalError):
        keep.turn()
    keep.turn()
    assert len(broker.messages) == 2


# -- What it says ------------------------------------------------------------------------------------------------------


@pytest.fixture
def out(broker, clock):
    made = Outgoing(broker, "products", "ping", clock.tell)
    made._pinged = clock.seconds
    return made


def test_confirmations_are_gathered_by_publisher(out, broker, monkeypatch):
    monkeypatch.setattr(outgoing, "GATHER_SECONDS", 0.01)
    ids = [uuid7() for _ in range(4)]
    out.add({"orders": ids[:2]})
    out.add({"users": ids[2:3], "orders": ids[3:]})
    assert out.turn() == 0.0
    assert sorted(broker.confirmed) == [("orders", [*ids[:2], ids[3]], "products"), ("users", ids[2:3], "products")]
    out.add({"orders": [uuid7() for _ in range(outgoing.MESSAGE + 1)]})
    out.turn()
    assert sorted(len(ids) for _, ids, _ in broker.confirmed[2:]) == [1, outgoing.MESSAGE]


def test_its_own_ping_now_and_then(out, broker, clock):
    clock.seconds += heartbeat.EVERY_SECONDS
    out.add({"orders": [uuid7()]})  # does not hold it up
    out.turn()
    assert broker.pings == ["ping"]
    assert len(broker.confirmed) == 1


def test_confirmations_wait_for_a_broker_up_to_a_limit(out, broker, monkeypatch):
    monkeypatch.setattr(outgoing, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(outgoing, "KEPT", 2)
    ids = [uuid7() for _ in range(2)]
    out.add({"orders": ids, "users": [uuid7()]})
    broker.error = BrokerAway("gone")
    assert out.turn() == 1.0
    assert broker.closed == 1
    broker.error = None
    out.turn()
    assert ("orders", ids, "products") in broker.confirmed or len(broker.confirmed) == 1
    assert sum(len(ids) for _, ids, _ in broker.confirmed) in (2, 3)


def test_a_ping_that_came_back_shows(settings, tmp_path):
    heartbeat.beat()
    settings.FLOTILLA = Env(bus_heartbeat=str(tmp_path / "beat"))
    heartbeat.beat()
    assert (tmp_path / "beat").exists()
    assert time.time() - metrics.HEARTBEAT._value.get() < 5


# -- Loops -------------------------------------------------------------------------------------------------------------


def test_a_loop_goes_on_whatever_happens_and_ends_when_told(monkeypatch, caplog):
    monkeypatch.setattr("flotilla.bus.loops.AFTER_FAILURE_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    errors = [DatabaseAway("no primary"), OperationalError("lost"), ValueError("odd")]
    done = threading.Event()

    def turn():
        if errors:
            raise errors.pop(0)
        done.set()
        return 3600.0

    loop = Loop("test", turn)
    loop.start()
    assert done.wait(5)
    done.clear()
    loop.wake()
    assert done.wait(5)
    loop.end()
    assert not loop.is_alive()
    assert [word in caplog.text for word in ("no primary", "lost", "nobody expected")] == [True] * 3


# -- The process -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ports(monkeypatch):
    ports = []
    monkeypatch.setattr(library_metrics, "serve", ports.append)
    return ports


@pytest.fixture
def loops(monkeypatch):
    """Their names, as they are started; none runs."""
    started = []
    monkeypatch.setattr(Loop, "start", lambda loop: started.append(loop.name))
    monkeypatch.setattr(Loop, "end", lambda loop: started.append(f"{loop.name} ends"))
    return started


def test_a_worker_that_could_not_handle_its_events_does_not_start(settings):
    handled("products")
    settings.FLOTILLA = Env(service="web")
    with pytest.raises(worker.NoHandler, match=r"web has no handler for .*products.product.changed.v1"):
        worker.run()


def test_alone_it_runs_until_it_is_told_to_end(ports, loops, monkeypatch):
    handled("products")
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    monkeypatch.setattr(Keeper, "turn", None)

    def tell():
        """Again and again, so that one comes amid the handling of another."""
        for _ in range(2000):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)

    teller, start = threading.Thread(target=tell), worker._start
    monkeypatch.setattr(worker, "_start", lambda loops: (start(loops), teller.start()))  # by then it listens
    try:
        assert worker.run() == 0
        teller.join()
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)
    assert ports == [9000]
    assert loops == ["retry", "keep", "retry ends", "keep ends"]


def test_periodic_work_has_a_thread_of_its_own():
    periodic.every(60)(lambda: False)
    assert [loop.name for loop in worker._loops(None)] == ["retry", "keep", "clock"]


@pytest.mark.parametrize("away", [False, True])
def test_with_a_broker_it_consumes_and_says_its_last(db, settings, ports, loops, monkeypatch, broker, away):
    seen = handled("products")
    settings.FLOTILLA = Env(service="products", redis_sentinels=("s",))
    monkeypatch.setattr("flotilla.bus.remote.RedisBroker", lambda: broker)
    event = body(order())

    def consume(env):
        celery.app.tasks[celery.RECEIVE]([event])
        celery.app.tasks[celery.PING]()
        celery.app.tasks[celery.CONFIRMED]([event["id"]], "web")
        broker.error = BrokerAway("gone") if away else None
        return 3

    monkeypatch.setattr(celery, "consume", consume)
    assert worker.run() == 3
    assert len(seen) == 1
    assert broker.confirmed == ([] if away else [("orders", [UUID(event["id"])], "products")])
    assert loops[:3] == ["retry", "keep", "tell"]
    for name in (celery.RECEIVE, celery.CONFIRMED, celery.PING):
        celery.app.tasks.unregister(name)


def test_confirmations_without_a_database_are_dropped(db, monkeypatch, caplog):
    def away(*args):
        raise DatabaseAway("no primary")

    monkeypatch.setattr(confirming, "confirm", away)
    worker.confirmed([str(uuid7())], "web")
    assert "dropped" in caplog.text


def test_the_retrier_goes_on_until_nothing_is_due(monkeypatch):
    more = [True, True, False]
    monkeypatch.setattr(retrying, "retry", lambda alias: more.pop(0))
    assert worker.retry() == worker.LONG_SECONDS
    assert more == []


def test_celery_is_told_to_do_no_more_than_consume(monkeypatch, settings):
    env = Env(service="products", replica="p-1", redis_sentinels=("s:1", "t"), redis_password="p/w", bus_threads=3)
    conf = celery.configuration(env)
    assert conf["broker_url"] == "sentinel://:p%2Fw@s:1/0;sentinel://:p%2Fw@t:26379/0"
    assert [queue.name for queue in conf["task_queues"]] == ["products", "bus:ping:products:p-1"]
    assert {queue.exchange.name for queue in conf["task_queues"]} == {""}
    made = {}

    class Worker:
        exitcode = None

        def __init__(self, **options):
            made.update(options)

        def start(self):
            made["started"] = True

    monkeypatch.setattr(celery.app, "Worker", Worker)
    assert celery.consume(env) == 0
    assert made["started"]
    assert (made["pool_cls"], made["concurrency"], made["hostname"]) == ("threads", 3, "products@p-1")
    celery._keep_logging(sender=None)
    celery.signals.setup_logging.disconnect(celery._keep_logging)


def test_databases_without_their_replicas(monkeypatch):
    names = dict.fromkeys(("default", "replica_1", "shard_1", "shard_1_replica_2"))
    monkeypatch.setattr(databases, "settings", SimpleNamespace(DATABASES=names))
    assert databases.aliases() == ["default", "shard_1"]


def test_nothing_of_celery_is_imported_by_a_server(tmp_path):
    import subprocess
    import sys

    root = Path(databases.__file__).parents[2]
    code = "import django, sys; django.setup(); import flotilla.bus.publishing; sys.exit('celery' in sys.modules)"
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "web.settings", "PYTHONPATH": str(root), "DEBUG": "1"}
    assert subprocess.run([sys.executable, "-c", code], env=environ, cwd=tmp_path, check=False).returncode == 0
