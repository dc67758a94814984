"""What consumers make of events: once, newest last, failing ones apart."""

import base64
import json
import signal
import subprocess

from tests.bus.conftest import MANAGE, environ, eventually, master, pause, resume

PLACED, ARCHIVED = "orders.order.placed.v1", "orders.order.archived.v1"


def manage(service: str, *arguments: str) -> str:
    done = subprocess.run([*MANAGE, *arguments], env=environ(service), capture_output=True, text=True, check=True)
    return done.stdout


def test_events_go_there_and_back(bus, place):
    bus.start("orders")
    products = bus.start("products")
    ids = place(60)
    bus.settled(60)
    assert sorted(bus.effects("products")) == sorted(ids)
    assert bus.sendings() == 1
    # Told to end, it finishes what it has in hand, puts back the rest, and tells what it has taken.
    pause(products)
    place(40)
    eventually(lambda: bus.queue("products"))
    products.send_signal(signal.SIGTERM)
    resume(products)
    assert products.wait(30) == 0
    bus.start("products")
    bus.settled(100)
    assert bus.sendings() == 1


def test_a_message_that_comes_twice_has_its_effect_once(bus, place):
    bus.start("orders")
    products = bus.start("products")
    pause(products)
    place(10)
    eventually(lambda: bus.queue("products"))
    for message in master().lrange("products", 0, -1) * 2:
        master().lpush("products", message)
    resume(products)
    eventually(lambda: not bus.queue("products"))
    bus.settled(10)


def test_an_item_that_is_no_message_ends_no_worker(bus, place):
    bus.start("orders")
    products = bus.start("products")
    master().lpush("products", "no JSON", "{}", '{"headers": {"task": "bus.receive"}, "properties": {}}')
    place(10)
    bus.settled(10)
    assert products.poll() is None


def test_an_entity_never_goes_back(bus, place):
    """All versions of some orders, the newest first: it is the only one that has an effect."""
    from flotilla.events import contracts as c
    from flotilla.uuid7 import uuid7

    orders, products = bus.start("orders"), bus.start("products")
    pause(products)
    ids = [uuid7() for _ in range(5)]
    for version, cls in enumerate((c.OrderPlaced, c.OrderConfirmed, c.OrderCancelled, c.OrderArchived), 1):
        for id in ids:
            place(1, cls, version=version, id=id)
        eventually(lambda: not bus.one("orders", "SELECT count(*) FROM bus_delivery WHERE published_at IS NULL"))
    orders.kill()
    for message in (queue := master().lrange("products", 0, -1)):
        master().lpush("products", message)  # the one that was sent last is now the first
    master().ltrim("products", 0, len(queue) - 1)
    products.kill()  # it may have one in hand
    bus.start("products", BUS_THREADS="1")
    eventually(lambda: len(bus.effects("products", ARCHIVED)) == 5)
    bus.start("orders")
    eventually(lambda: not bus.unconfirmed())
    rows = bus.sql["products"].execute("SELECT subject, version FROM effect ORDER BY id").fetchall()
    last = {}
    for subject, version in rows:
        assert version > last.get(subject, 0)
        last[subject] = version
    assert last == {str(id): 4 for id in ids}


def test_a_failing_event_holds_up_nothing_and_can_be_replayed(bus, place):
    bus.start("orders")
    failing = bus.start("products", FAIL=ARCHIVED, BUS_ATTEMPTS="3")
    from flotilla.events import contracts as c

    dying = place(2, c.OrderArchived)
    place(20)
    bus.settled(20)
    eventually(lambda: bus.one("products", "SELECT count(*) FROM bus_deadletter") == 2)
    assert "told to fail" in bus.one("products", "SELECT reason FROM bus_deadletter LIMIT 1")
    assert bus.effects("products", ARCHIVED) == []
    failing.terminate()
    failing.wait()
    bus.start("products")
    assert manage("products", "deadletter", "list").count(ARCHIVED) == 2
    for _ in range(2):  # the second time nothing is left to replay, or it does nothing
        subprocess.run([*MANAGE, "deadletter", "replay", ARCHIVED], env=environ("products"), capture_output=True)
    eventually(lambda: sorted(bus.effects("products", ARCHIVED)) == sorted(dying))
    assert manage("products", "deadletter", "list") == ""


def test_what_is_no_event_is_put_aside(bus, place):
    bus.start("orders")
    products = bus.start("products")
    pause(products)
    place(3)
    eventually(lambda: bus.queue("products"))
    server = master()
    good = json.loads(server.lindex("products", 0))
    body = json.loads(base64.b64decode(good["body"]))
    broken = body[0][0][0] | {"type": "orders.order.painted.v9", "id": "01a1ffa6-8992-7a4a-a783-b8f78eb1158b"}
    body[0] = [[broken, "no event at all", {"nul": "\0", "half": "\ud800"}]]
    good["body"] = base64.b64encode(json.dumps(body).encode()).decode()
    server.rpush("products", json.dumps(good))
    resume(products)
    bus.settled(3)
    letters = bus.sql["products"].execute("SELECT id FROM bus_deadletter").fetchall()
    assert len(letters) == 3
    assert bus.one("products", "SELECT count(*) FROM bus_deadletter WHERE reason LIKE %s", "%painted%") == 1
    shown = [manage("products", "deadletter", "show", str(id)) for (id,) in letters]
    assert sum("unreadable" in text for text in shown) == 1
