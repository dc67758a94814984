"""Orders in a load test: somebody with an account fills a cart and checks out, or orders by a program of theirs; then
watches the order until it has its stock. Some are taken back.

Steps as in journeys.py. A buyer does one of these at a time, since two check-outs of one cart are one order.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from queue import Empty, Queue
from random import Random
from typing import TYPE_CHECKING

from . import api
from .api import Customer
from .edge import Response
from .judged import form, page, told
from .outcome import CONFIRMED, WRONG, Answer, attempt
from .profiles import Refused
from .shop import ORDERS, email, is_done

if TYPE_CHECKING:
    from .journeys import People, Person

POLL = 0.1  # seconds between two looks at an order
HELD = 3.0  # seconds that an order may keep its buyer busy, until there are too few of them
SPARE = 10  # of each product that is ordered there must be so many more than are planned to be
PENDING, DONE = "pending", "confirmed"


@dataclass
class Order:
    """One that is confirmed. `address`: its page, or in the API its id."""

    buyer: "Person"
    address: str


@dataclass
class Buyers:
    """Who is free to buy, what there is to buy, and what can be taken back."""

    goods: list[dict]
    free: Queue = field(default_factory=Queue)
    pages: deque[Order] = field(default_factory=deque)
    programs: deque[Order] = field(default_factory=deque)
    _sales: count = field(default_factory=count)

    def next_product(self) -> dict:
        return self.goods[next(self._sales) % len(self.goods)]


def goods(products: list[dict], orders: int) -> list[dict]:
    """Those of which there is enough for so many orders, spread evenly. Raises Refused."""
    needed = orders // len(products) + SPARE
    found = [product for product in products if product["stock"] >= needed]
    if len(found) * 2 < len(products):
        raise Refused(f"of {len(products)} products only {len(found)} are there {needed} times: put more into stock")
    return found


def customer(edge, name: str) -> Customer:
    """The account of that name, as a program of theirs uses it."""
    return Customer(edge, email(name), name=name)


# -- Whose turn it is --------------------------------------------------------------------------------------------------

Buy = Callable[["Person", float], Answer]


def in_turn(people: "People", buy: Buy, step: str, timeout: float) -> Answer:
    """Let the next free buyer do it; they are busy until it, and the look that belongs to it, has ended."""
    end = time.monotonic() + timeout
    try:
        buyer = people.buyers.free.get(timeout=timeout)
    except Empty:
        return Answer(0, "all buyers are busy with orders before this one", step=step)
    answer = attempt(lambda: buy(buyer, end - time.monotonic()), step)
    if not (answer.good and answer.look):
        people.buyers.free.put(buyer)
        return answer
    look = answer.look

    def last(left: float) -> Answer:
        try:
            return attempt(lambda: look(left), CONFIRMED)
        finally:
            people.buyers.free.put(buyer)

    return replace(answer, look=last)


def until_confirmed(look: Callable[[float], Response], timeout: float) -> Answer:
    """Ask until the order has its stock. What counts is the whole wait, and not how quick an answer is."""
    end = time.monotonic() + timeout
    while True:
        response = look(end - time.monotonic())
        answer = api.judged(response, CONFIRMED, 200, is_no_order)
        status = response.json()["status"] if answer.good else ""
        if not answer.good or status == DONE:
            return answer
        if status != PENDING:
            return replace(answer, status=WRONG, detail=f"the order is {status}")
        time.sleep(POLL)


def is_no_order(found: dict) -> str:
    return "" if isinstance(found, dict) and found.get("status") else "no status"


# -- In the shop -------------------------------------------------------------------------------------------------------


def order(people: "People", chance: Random, timeout: float) -> Answer:
    """Something into the cart, and to the till."""
    slug = people.buyers.next_product()["slug"]

    def buy(buyer: "Person", left: float) -> Answer:
        end = time.monotonic() + left
        filled = buyer.visitor.cart_add(slug, timeout=left)
        if not is_done(filled):
            return form(filled, "order")
        placed = buyer.visitor.checkout(timeout=end - time.monotonic())
        if is_done(placed) and not placed["Location"].startswith(ORDERS):
            return told(placed, "order", f"no order, but {placed['Location']}")
        return form(placed, "order", look=lambda rest: seen_in_shop(people, buyer, placed["Location"], rest))

    return in_turn(people, buy, "order", timeout)


def seen_in_shop(people: "People", buyer: "Person", address: str, timeout: float) -> Answer:
    """As the script of the order's page looks."""
    answer = until_confirmed(lambda left: buyer.visitor.order(address, timeout=left), timeout)
    if answer.good:
        people.buyers.pages.append(Order(buyer, address))
    return answer


def orders(people: "People", chance: Random, timeout: float) -> Answer:
    """What one has ordered."""
    return page(chance.choice(people.members).visitor.get(ORDERS, timeout=timeout), "orders")


def cancel(people: "People", chance: Random, timeout: float) -> Answer:
    """Take the oldest order back. While there is none, somebody orders."""
    if not people.buyers.pages:
        return order(people, chance, timeout)
    old = people.buyers.pages.popleft()
    return form(old.buyer.visitor.cancel(old.address, timeout=timeout), "cancel")


# -- Over the API ------------------------------------------------------------------------------------------------------


def api_products(people: "People", chance: Random, timeout: float) -> Answer:
    response = api.call(people.edge, "GET", api.PRODUCTS, timeout=timeout)
    return api.judged(response, "api_products", 200, lambda found: "" if found["items"] else "an empty list")


def api_product(people: "People", chance: Random, timeout: float) -> Answer:
    wanted = chance.choice(people.buyers.goods)["id"]
    response = api.call(people.edge, "GET", api.PRODUCT.format(wanted), timeout=timeout)
    return api.judged(response, "api_product", 200, lambda found: "" if found["id"] == wanted else "another product")


def api_register(people: "People", chance: Random, timeout: float) -> Answer:
    somebody = customer(people.edge, people.new_name())
    return api.judged(somebody.register(key=str(uuid.uuid4()), timeout=timeout), "api_register", 201)


def api_order(people: "People", chance: Random, timeout: float) -> Answer:
    wish = {people.buyers.next_product()["id"]: 1}

    def buy(buyer: "Person", left: float) -> Answer:
        placed = buyer.customer.order(wish, key=str(uuid.uuid4()), timeout=left)
        return api.judged(placed, "api_order", 201, look=lambda rest: seen_by_program(people, buyer, placed, rest))

    return in_turn(people, buy, "api_order", timeout)


def seen_by_program(people: "People", buyer: "Person", placed: Response, timeout: float) -> Answer:
    id, seen = placed.json()["id"], placed[api.SEEN]
    answer = until_confirmed(lambda left: buyer.customer.look(id, seen=seen, timeout=left), timeout)
    if answer.good:
        people.buyers.programs.append(Order(buyer, id))
    return answer


def api_cancel(people: "People", chance: Random, timeout: float) -> Answer:
    """As `cancel`."""
    if not people.buyers.programs:
        return api_order(people, chance, timeout)
    old = people.buyers.programs.popleft()
    response = old.buyer.customer.cancel(old.address, key=str(uuid.uuid4()), timeout=timeout)
    return api.judged(response, "api_cancel", 200)


READS = (orders, api_products, api_product)
WRITES = (order, cancel, api_register, api_order, api_cancel)
ORDERING = ("order", "cancel", "api_order", "api_cancel")  # steps that may place one
