"""The bus in figures: how long an event takes, how many a second it carries, what a backlog loses through three kills.

usage: bench/run events      EVENTS_RATE=320; about six minutes; kills and starts workers and the Redis master
"""

import os
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable

from loadtest.api import Customer, products
from loadtest.cgroups import Meter
from loadtest.edge import Edge
from loadtest.figures import percentile
from stack.direct import redis_master
from stack.engine import NET_PREFIX, SITE_HOST, containers, one, post
from stack.servers import until
from stack.whole import make_whole

from bench.busdb import CONSUMERS, Bus
from bench.results import full_ids, load, save

RATE = float(os.environ.get("EVENTS_RATE", 320))
IDLE_EVENTS, SAGAS, SUSTAINED = 100, 60, 60
LOOK, AFTER = 0.01, 5.0  # seconds between two looks into an inbox, and of looking after the last event
BACKLOG = 10_000
AWAY = 5.0  # seconds until what was killed is started again
ORDERS = 50  # that are under way while the backlog drains
GROWS = 0.01  # of the rate: what the backlog may grow by in each second and still stand


def tell(rate: float, seconds: float) -> subprocess.Popen:
    """Real events of products, made by the service itself: `manage.py tell`."""
    command = ["python3", "manage.py", "tell", "--rate", f"{rate:g}", "--seconds", f"{seconds:g}"]
    return subprocess.Popen(["docker", "exec", one("products").id, *command])


def shares(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    return {name: round(percentile(values, share) * 1000, 1) for name, share in (("p50", 0.5), ("p99", 0.99))}


def drained(bus: Bus, seconds: float) -> float:
    """Seconds until everything is confirmed."""
    began = time.monotonic()
    until(lambda: not (bus.backlog("products") or bus.backlog("orders")), seconds, "every event confirmed", 0.2)
    return round(time.monotonic() - began, 1)


# -- How long it takes -------------------------------------------------------------------------------------------------


def idle() -> dict:
    """From writing an event to seeing it in the consumer's inbox, which is committed with its effect; one a second."""
    bus = Bus()
    seen = watched(bus, tell(1, IDLE_EVENTS))
    told = bus.told()
    took = {consumer: [found[id] - at for id, at in told.items() if id in found] for consumer, found in seen.items()}
    assert all(len(times) == len(told) >= IDLE_EVENTS for times in took.values()), "an event was not told, or not taken"
    every = [seconds for times in took.values() for seconds in times]
    by_consumer = {consumer: shares(times) for consumer, times in took.items()}
    return {"events": len(told), "look_ms": LOOK * 1000 * len(CONSUMERS), **shares(every), "by_consumer": by_consumer}


def watched(bus: Bus, telling: subprocess.Popen) -> dict[str, dict[uuid.UUID, float]]:
    """When each event was first seen in each inbox, until a while after the last one was told."""
    seen = {consumer: {} for consumer in CONSUMERS}
    end = float("inf")
    while time.monotonic() < end:
        for consumer, found in seen.items():
            there = bus.heard(consumer)
            found.update(dict.fromkeys(there - found.keys(), time.time()))
            time.sleep(LOOK)
        if end == float("inf") and telling.poll() is not None:
            end = time.monotonic() + AFTER
    return seen


class Shop:
    """Somebody who buys over the API, and gives everything back."""

    def __init__(self):
        edge = Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")
        self.customer = Customer(edge, f"bench-{uuid.uuid4().hex[:12]}@example.org")
        for answer in (self.customer.register(), self.customer.login()):
            assert answer.status in (200, 201), f"{answer.status}: {answer.text[:300]}"
        self.product = max(products(edge, 5000), key=lambda product: product["stock"])["id"]
        self.orders: list[str] = []

    def order(self) -> None:
        answer = self.customer.order({self.product: 1}, key=str(uuid.uuid4()))
        assert answer.status == 201, f"{answer.status}: {answer.text[:300]}"
        self.orders.append(answer.json()["id"])

    def confirmed(self, bus: Bus) -> bool:
        return bus.states(self.orders).get("confirmed") == len(self.orders)

    def give_back(self) -> None:
        for order in self.orders:
            answer = self.customer.cancel(order, key=str(uuid.uuid4()))
            assert answer.status in (200, 409), f"{answer.status}: {answer.text[:300]}"  # 409: it was rejected


def saga() -> dict:
    """From an order's placing to its confirmation, as its own service wrote them; one order a second."""
    bus, shop, began = Bus(), Shop(), time.monotonic()
    for number in range(SAGAS):
        time.sleep(max(0.0, began + number - time.monotonic()))
        shop.order()
    until(lambda: shop.confirmed(bus), 30, "every order confirmed")
    took = bus.confirmed_after(shop.orders)
    shop.give_back()
    return {"orders": len(took), **shares(took), "p95": round(percentile(took, 0.95) * 1000, 1)}


# -- How much it carries -----------------------------------------------------------------------------------------------


def sustained() -> dict:
    bus, backlog = Bus(), []
    with Meter(full_ids()) as meter:
        telling = tell(RATE, SUSTAINED)
        while telling.poll() is None:
            time.sleep(1)
            backlog.append(bus.backlog())
    after = drained(bus, 300)
    told = sorted(bus.told().values())
    begin, end = told[0], told[-1]
    carried = min(bus.received(consumer, begin, end) for consumer in CONSUMERS) / (end - begin)
    used = {name: round(seconds / meter.seconds, 2) for name, seconds in meter.used.items()}
    return {
        "asked": RATE, "told": round(len(told) / (end - begin), 1), "carried": round(carried, 1),
        "seconds": round(end - begin), "queues": len(CONSUMERS), "backlog": backlog, "drained_after": after,
        **growth(backlog, RATE * len(CONSUMERS)), "cores": round(sum(used.values()), 2),
        "cores_by_service": dict(sorted(used.items(), key=lambda item: -item[1])[:8]),
    }  # fmt: skip


def growth(backlog: list[int], deliveries: float) -> dict:
    """Medians of the second and the last third; it stands when what it grows by in a second is next to nothing."""
    third = len(backlog) // 3
    middle, last = (statistics.median(part) for part in (backlog[third : 2 * third], backlog[2 * third :]))
    return {"middle": middle, "last": last, "stands": (last - middle) / third <= GROWS * deliveries}


# -- What it survives --------------------------------------------------------------------------------------------------


def act(verb: str, *ids: str) -> None:
    for id in ids:
        post(f"/containers/{id}/{verb}")


def replicas(service: str) -> list[str]:
    return [container.id for container in containers(service)]


# What is killed, when so much of the backlog is left. Of the two products-workers one relays: it is among them.
KILLS: dict[str, tuple[float, Callable[[], list[str]]]] = {
    "a worker": (0.8, lambda: replicas("orders-worker")[:1]),
    "the relay's workers": (0.55, lambda: replicas("products-worker")),
    "the Redis master": (0.3, lambda: replicas(redis_master())),
}


def kill(victims: list[str]) -> None:
    act("kill", *victims)
    time.sleep(AWAY)
    act("start", *victims)


def drain() -> dict:
    """BACKLOG events wait in the outbox; while they are sent and taken, one thing after the other is killed."""
    bus, shop, relays = Bus(), Shop(), replicas("products-worker")
    stock = bus.stock(shop.product)
    act("stop", *relays)
    assert tell(2000, BACKLOG / 2000).wait() == 0
    full = bus.backlog()
    for _ in range(ORDERS):
        shop.order()
    began, killed = time.monotonic(), {}
    act("start", *relays)
    for name, (left, victims) in KILLS.items():
        until(lambda left=left: bus.backlog() <= left * full, 300, f"{left:.0%} of the backlog left", 0.1)
        killed[name] = bus.backlog()
        kill(victims())
    drained(bus, 600)
    seconds = round(time.monotonic() - began, 1)
    make_whole()
    until(lambda: not bus.states(shop.orders).get("pending"), 120, "every order's end")  # some waited for too long
    drained(bus, 60)
    found = {"deliveries": full, "seconds": seconds, "left_at_kill": killed, **judged(bus, shop, stock)}
    shop.give_back()
    until(lambda: bus.stock(shop.product) == stock, 60, "the stock given back")
    return found


def judged(bus: Bus, shop: Shop, stock: int) -> dict:
    """Lost: told and not taken, or not its last version. Doubled: stock that an order took, or gave back, twice."""
    told, states = bus.told().keys(), bus.states(shop.orders)
    missing = sum(len(told - bus.heard(consumer)) for consumer in CONSUMERS)
    behind = sum(bus.behind(consumer) for consumer in CONSUMERS)
    differs = stock - states.get("confirmed", 0) - bus.stock(shop.product)
    return {"events": len(told), "orders": states, "lost": missing + behind, "doubled": abs(differs)}


PARTS = (idle, saga, sustained, drain)


def main() -> None:
    for part in PARTS:
        print(f"-- {part.__name__}", flush=True)
        save("events", (load("events") or {}) | {part.__name__: part()})


if __name__ == "__main__":
    main()
