"""Nothing is lost and nothing happens twice, whoever is killed or wiped in whichever moment."""

import subprocess
import sys
import time
from contextlib import suppress

import redis

from tests.bus.conftest import ROOT, environ, eventually, master, pause, resume

# A relay that is killed as soon as it has sent its first batch, before it marks it.
KILLED = """
import os, django
django.setup()
from flotilla.bus import relay
from flotilla.bus.remote import RedisBroker
relay._mark = lambda *batch: os.kill(os.getpid(), 9)
relay.turn("default", RedisBroker())
"""


def unsent(bus) -> int:
    return bus.one("orders", "SELECT count(*) FROM bus_delivery WHERE published_at IS NULL")


def test_a_worker_killed_in_the_middle_of_its_work(bus, place):
    """Killed with messages in hand, twice; another one takes over. What was in hand is sent again in time."""
    bus.start("orders", BUS_REDELIVER_SECONDS="3")
    first = bus.start("products", HANDLER_SECONDS="0.05")
    place(60)
    eventually(lambda: len(bus.effects("products")) >= 5)
    first.kill()
    second = bus.start("products", HANDLER_SECONDS="0.05")
    eventually(lambda: len(bus.effects("products")) >= 20)
    second.kill()
    bus.start("products")
    bus.settled(60, 60)
    assert bus.sendings() > 1


def test_a_broker_that_is_wiped_with_events_in_flight(bus, place):
    """They are sent again because the broker has changed, not because a time is over: that is a minute here."""
    bus.start("orders")
    products = bus.start("products")
    pause(products)
    place(120)
    eventually(lambda: not unsent(bus))
    assert bus.queue("products")
    master().flushall()
    resume(products)
    bus.settled(120, 20)


def test_a_broker_that_is_wiped_while_no_worker_runs(bus, place):
    orders, products = bus.start("orders"), bus.start("products")
    pause(products)
    place(30)
    eventually(lambda: not unsent(bus))
    for worker in (orders, products):
        worker.kill()
    master().flushall()
    bus.start("orders")
    bus.start("products")
    bus.settled(30, 20)


def test_another_master_takes_over(bus, place):
    """Twice, while events flow: workers find the new one, and what the old one kept for itself is sent again."""
    bus.start("orders")
    bus.start("products")
    for _ in range(2):
        before = run_id()
        place(40)
        eventually(lambda before=before: replaced(before), 40, every=1.0)
        place(40)
    bus.settled(160, 60)


def replaced(before: str) -> bool:
    """Asks the Sentinel for another master, again and again: just after a failover it refuses."""
    with suppress(redis.RedisError):
        redis.Redis("redis", 26379).execute_command("SENTINEL", "FAILOVER", "main")
    until = time.monotonic() + 3
    while time.monotonic() < until and run_id() in (None, before):
        time.sleep(0.1)
    return run_id() not in (None, before)


def test_a_master_that_falls_silent(bus, place):
    """Paused, it goes on accepting connections and answers nothing; the Sentinel has another one within seconds."""
    orders, products = bus.start("orders"), bus.start("products")
    place(20)
    bus.settled(20)
    silent = master()
    before = silent.info("server")["run_id"]
    silent.execute_command("CLIENT", "PAUSE", 30_000, "ALL")
    began = time.monotonic()
    place(20)
    eventually(lambda: run_id() not in (None, before), 28)
    bus.settled(40, 28)
    assert time.monotonic() - began < 28, "it may be the old one, which answers again after 30 s"
    assert [worker.poll() for worker in (orders, products)] == [None, None]
    time.sleep(max(0.0, 31 - (time.monotonic() - began)))


def run_id() -> str | None:
    """Who the master is; None while there is none."""
    try:
        return master().info("server")["run_id"]
    except redis.RedisError:
        return None


def test_a_relay_killed_between_sending_and_marking(bus, place):
    bus.retire("orders", "products")
    place(70)
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", KILLED], env=environ("orders"), cwd=ROOT, check=False)
        assert killed.returncode == -9
    assert unsent(bus) == 70
    assert bus.queue("products") == 4  # both times two messages
    bus.start("orders")
    bus.start("products")
    bus.settled(70)


def test_a_long_queue_is_not_taken_for_a_lost_one(bus, place):
    """The consumer stands still for several times the patience: what is in the queue is not sent again."""
    bus.start("orders", BUS_REDELIVER_SECONDS="6")
    products = bus.start("products")
    pause(products)
    place(10)
    eventually(lambda: not unsent(bus))
    assert (waiting := bus.queue("products"))
    time.sleep(15)
    assert bus.queue("products") == waiting
    # Let go while there is time left to confirm: patience that ends just then is no time at all.
    left = "SELECT min(due_at) > now() + interval '4 seconds' FROM bus_delivery WHERE confirmed_at IS NULL"
    eventually(lambda: bus.one("orders", left))
    resume(products)
    bus.settled(10)
    assert bus.sendings() == 1


def test_a_broker_that_is_full_or_away_leaves_events_in_the_outbox(bus, place):
    bus.start("orders")
    bus.start("products")
    server = master()
    server.config_set("maxmemory", 1)
    place(10)
    time.sleep(2)
    assert unsent(bus) == 10
    server.config_set("maxmemory", 0)
    bus.settled(10)


def test_of_two_relays_one_works(bus, place):
    """Two workers a service: every event is sent once, in order, and both consume."""
    workers = [bus.start("orders"), bus.start("orders"), bus.start("products"), bus.start("products")]
    place(150)
    bus.settled(150, 60)
    assert bus.sendings() == 1
    beats = [worker.beat.stat().st_mtime for worker in workers]
    eventually(lambda: all(worker.beat.stat().st_mtime > beat for worker, beat in zip(workers, beats, strict=True)))
