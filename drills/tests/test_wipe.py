"""A thousand orders in flight, then a Redis that knows nothing: in this order, as a good client, each step or none."""

import pytest
from loadtest.ledger import Ledger, lines
from loadtest.orders import Orders
from loadtest.retry import Retry
from loadtest.tests.cardboard import Edge, response
from stack.engine import Container

from drills import tables, wipe
from drills.matrix import drill as named
from drills.matrix import stands_for


def container(service: str) -> Container:
    return Container(service, 1, f"id-{service}", "running", f"flotilla-{service}-1")


SERVERS = [container(f"{kind}-{n}") for kind in ("redis", "sentinel") for n in (1, 2, 3)]
VICTIMS = [*SERVERS, container("products-worker")]


@pytest.fixture
def done(monkeypatch) -> list[tuple]:
    """What was done, in order."""
    found: list[tuple] = []
    monkeypatch.setattr(wipe, "act", lambda verb, whom: found.append((verb, [one.service for one in whom])))
    monkeypatch.setattr(wipe.direct, "redis_master", lambda: "redis-2")
    monkeypatch.setattr(wipe, "inside", lambda service, *words: found.append((service, words[-1])) or "OK\n")
    monkeypatch.setattr(wipe.disk, "beside", lambda id: {"image": f"image of {id}"})
    monkeypatch.setattr(wipe.aside, "run", lambda name, command, **how: found.append((name, command, how["image"])))
    return found


@pytest.fixture
def edge(monkeypatch) -> Edge:
    edge = Edge()
    monkeypatch.setattr(wipe, "Edge", lambda *_: edge)
    monkeypatch.setattr(wipe, "PLACED", 22)
    monkeypatch.setattr(wipe, "IN_FLIGHT", 20)
    monkeypatch.setattr(wipe, "Retry", lambda: Retry(first=0.01, longest=0.01))
    return edge


def waiting(edge: Edge, monkeypatch) -> None:
    """The database says what the shop of cardboard has."""

    def pending(buyers) -> int:
        orders = edge.shop.api.orders.values()
        return sum(order["status"] == "pending" and order["user"] in buyers for order in orders)

    monkeypatch.setattr(tables, "pending", pending)


def test_the_drill_hits_the_broker_and_who_consumes_the_orders_and_nobody_else():
    victim = named("redis", "wipe").victim
    assert all(stands_for(victim, one.service) for one in VICTIMS)
    others = ("cache-1", "orders-worker", "products", "redis-exporter")
    assert not any(stands_for(victim, service) for service in others)


# -- Before ------------------------------------------------------------------------------------------------------------


def test_orders_are_placed_while_nobody_takes_their_events(done, edge, monkeypatch, tmp_path):
    waiting(edge, monkeypatch)
    assert wipe.crowd(VICTIMS, tmp_path).startswith("20 orders are in flight, placed in ")
    assert done == [("pause", ["products-worker"])]
    ledger = lines(tmp_path / tables.CROWD)
    cancelled = [line["order"] for line in ledger if line.get("cancelled")]
    assert (len(ledger), len(cancelled)) == (24, 2)
    assert {edge.shop.api.orders[order]["status"] for order in cancelled} == {"cancelled"}
    assert {line["order"] for line in ledger} == set(edge.shop.api.orders)
    assert all(line["buyer"] == edge.shop.api.orders[line["order"]]["user"] for line in ledger)


def test_too_few_in_flight_break_nothing(done, edge, monkeypatch, tmp_path):
    monkeypatch.setattr(tables, "pending", lambda buyers: 19)
    with pytest.raises(AssertionError, match="only 19 orders are in flight, and 20 are wanted"):
        wipe.crowd(VICTIMS, tmp_path)
    assert done == [("pause", ["products-worker"])]


def test_an_order_is_tried_again_with_its_key_and_is_one(edge, tmp_path):
    edge.troubles = [ConnectionError("lost on the way back"), response(503, Retry_After="0")]
    orders = Orders(edge, Ledger(tmp_path / "crowd"), "test", buyers=1)
    wipe.place(orders, 1, wipe.time.monotonic() + 5)
    assert len(edge.shop.api.orders) == len(lines(tmp_path / "crowd")) == 1
    assert len({key for _, _, key in edge.sent}) == 1


@pytest.mark.parametrize("answer", [response(500, b"oh"), response(422, b"{}")])
def test_a_refusal_ends_it_with_its_reason(edge, answer):
    with pytest.raises(AssertionError, match=f"an order is not taken within 50 s: {answer.status}"):
        wipe.patiently(lambda left: answer, 201, wipe.time.monotonic() + 5)


def test_after_its_time_nothing_is_tried_again():
    tries = []

    def never(left: float):
        tries.append(left)
        raise ConnectionError("gone")

    with pytest.raises(AssertionError, match="ConnectionError: gone"):
        wipe.patiently(never, 201, wipe.time.monotonic() - 1)
    assert tries == [0.001]


# -- The fault ---------------------------------------------------------------------------------------------------------


def test_redis_is_flushed_killed_and_emptied_before_anybody_consumes(done):
    wipe.wipe(VICTIMS)
    services = [one.service for one in SERVERS]
    assert done[0][0] == "redis-2"
    assert done[0][1].endswith("redis-cli --user operator flushall")
    assert done[1] == ("kill", services)
    emptied = sorted(name for name, *_ in done[2:-1])
    assert emptied == [f"wipe-{service}" for service in services]
    assert done[2][1] == ("find", "/data", "-mindepth", "1", "-delete")
    assert done[-1] == ("unpause", ["products-worker"])


def test_a_flush_that_is_refused_kills_nobody(done, monkeypatch):
    monkeypatch.setattr(wipe, "inside", lambda *_: "NOPERM this user has no permissions")
    with pytest.raises(AssertionError, match="FLUSHALL: NOPERM"):
        wipe.wipe(VICTIMS)
    assert done == []
