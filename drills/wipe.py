"""Redis forgets everything while a thousand orders are in flight: what the broker carried is in no Redis any more.

First those who would take the orders' events are frozen, and the orders are placed over the API: so that their events
lie in Redis when it is wiped, and not in a database only. Then FLUSHALL, all data nodes and Sentinels killed at once,
their volumes emptied, and the consumers let go. Starting the containers again is all of the undoing.
"""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loadtest.api import judged
from loadtest.edge import Edge, Response
from loadtest.ledger import Ledger
from loadtest.orders import Orders
from loadtest.outcome import Answer, attempt
from loadtest.retry import Retry
from stack import direct
from stack.engine import NET_PREFIX, SITE_HOST, Container, at_once, inside

from drills import aside, disk, tables
from drills.faults import act
from drills.signals import held

SERVERS = r"(redis|sentinel)-\d"
CONSUMERS = "products-worker"
PLACED, IN_FLIGHT = 1100, 1000
TAKEN_BACK = 11  # one of so many is cancelled at once: stock is given back that nobody has reserved yet
WITHIN = 50  # seconds to place them: an order that waits for a minute is rejected
TOGETHER = 6  # orders that are being placed at a time, beside the load
FLUSH = "REDISCLI_AUTH=$(cat /run/secrets/redis) redis-cli --user operator flushall"
EMPTY = ("find", disk.PLACE, "-mindepth", "1", "-delete")


# -- Before ------------------------------------------------------------------------------------------------------------


def crowd(victims: list[Container], out: Path) -> str:
    """Freezes the consumers and places the orders -> in words, how many are in flight."""
    act("pause", consumers(victims))
    ledger = Ledger(out / tables.CROWD)
    orders = Orders(Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt"), ledger, uuid.uuid4().hex[:10])
    begin = time.monotonic()
    with ThreadPoolExecutor(max_workers=TOGETHER) as threads:
        list(threads.map(lambda number: place(orders, number, begin + WITHIN), range(PLACED)))
    took = time.monotonic() - begin
    ledger.close()
    waiting = tables.pending([buyer.id for buyer in orders.buyers])
    assert waiting >= IN_FLIGHT, f"only {waiting} orders are in flight, and {IN_FLIGHT} are wanted"
    return f"{waiting} orders are in flight, placed in {took:.0f} s"


def place(orders: Orders, number: int, end: float) -> None:
    """One order; some are taken back."""
    key, (buyer, items) = str(uuid.uuid4()), orders.wish(number)
    response = patiently(lambda left: buyer.order(items, key=key, timeout=left), 201, end)
    orders.acknowledge(buyer, response, items)
    if number % TAKEN_BACK == 0:
        order = response.json()["id"]
        patiently(lambda left: buyer.cancel(order, key=f"cancel-{key}", timeout=left), 200, end)
        orders.ledger.acknowledge(f"cancel {order}", order=order, buyer=buyer.id, cancelled=True)


def patiently(request: Callable[[float], Response], status: int, end: float) -> Response:
    """As a good client asks. AssertionError when the answer is another, or none comes in time."""
    found: list[Response] = []

    def ask() -> Answer:
        found[:] = [request(max(end - time.monotonic(), 0.001))]
        return judged(found[0], "order", status)

    tries = 1
    while not (answer := attempt(ask)).good:
        pause = Retry().pause(answer, tries, end - time.monotonic())
        assert pause is not None, f"an order is not taken within {WITHIN} s: {answer.detail}"
        time.sleep(pause)
        tries += 1
    return found[0]


# -- The fault ---------------------------------------------------------------------------------------------------------


def wipe(victims: list[Container]) -> None:
    """Everything that Redis knows, on all nodes and on their disks; nobody was asked to end."""
    there = [one for one in victims if one not in consumers(victims)]
    with held():
        said = inside(direct.redis_master(), "bash", "-c", FLUSH)
        assert "OK" in said, f"FLUSHALL: {said}"
        act("kill", there)
        at_once(empty, there)
        act("unpause", consumers(victims))


def empty(server: Container) -> None:
    aside.run(f"wipe-{server.service}", EMPTY, **disk.beside(server.id))


def consumers(victims: list[Container]) -> list[Container]:
    return [one for one in victims if one.service == CONSUMERS]
