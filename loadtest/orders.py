"""Orders of the mixed load, placed over the API.

Each has a buyer and items of its own, so that the tables show one that is missing, and one that is there twice. After
each acknowledged order its buyer looks at it, with the consistency token of the answer.
"""

import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from .api import ME, PRODUCT, SEEN, Customer, judged, products
from .edge import Edge, Response
from .ledger import Ledger
from .outcome import UNSEEN, Answer, attempt

SHARE = 0.1  # of the writes, where nothing else is said; an order costs as much CPU as a dozen pages, on its long way
BUYERS, MOST_BUYERS = 4, 60
GOODS = 400  # different products that are ordered
EVERY = 5000  # more than the shop has
QUANTITIES = 2  # 1 or 2 of the first product
MORE = 3  # of the second one, which every third order has: no other order looks like it
RECENT = 50  # orders that are looked at again


class UsedUp(Exception):
    """More writes than can be told apart."""


def buyers_for(orders: int) -> int:
    """How many buyers have items of their own for each of so many orders. Each has to register first."""
    for buyers in range(BUYERS, MOST_BUYERS + 1):
        if buyers * GOODS * QUANTITIES >= orders:
            return buyers
    raise UsedUp(f"{orders} orders are planned, and no more than {MOST_BUYERS * GOODS * QUANTITIES} can be told apart")


def marker(buyer: str, items: dict[str, int]) -> str:
    """What the tables are searched for."""
    return f"order {buyer} {','.join(f'{product}x{items[product]}' for product in sorted(items))}"


class Orders:
    """`send(number)` places an order, the same again under the same number.

    `avoid`: slugs of products that must not sell out. What there is most of is ordered, so that little is refused.
    """

    def __init__(self, edge: Edge, ledger: Ledger, name: str, buyers: int = BUYERS, avoid: Collection[str] = ()):
        self.ledger, self.name = ledger, name
        found = [product for product in products(edge, EVERY) if product["slug"] not in avoid]
        found.sort(key=lambda product: (-product["stock"], product["id"]))
        self.goods = [product["id"] for product in found[:GOODS]]
        assert len(self.goods) > 1, "there is nothing to order"
        self.buyers = [self._buyer(edge, number) for number in range(buyers)]
        self.recent: deque[tuple[Customer, str, str]] = deque(maxlen=RECENT)

    def _buyer(self, edge: Edge, number: int) -> Customer:
        buyer = Customer(edge, f"buyer-{self.name}-{number}@example.org")
        for step in (buyer.register(key=str(uuid.uuid4())), buyer.login()):
            assert step.status in (200, 201), f"{buyer.email}: {step.status} {step.text[:300]}"
        return buyer

    def wish(self, number: int) -> tuple[Customer, dict[str, int]]:
        """Another product each time, and a buyer or a quantity that it has not had yet. UsedUp when there is none."""
        turn, place = divmod(number, len(self.goods))
        lap, shift = divmod(turn, len(self.buyers))
        if lap >= QUANTITIES:
            raise UsedUp(f"{len(self.buyers)} buyers, {len(self.goods)} products: nothing new for order {number + 1}")
        items = {self.goods[place]: lap + 1}
        if number % 3 == 0:
            items[self.goods[(place + 1) % len(self.goods)]] = MORE
        return self.buyers[(place + shift) % len(self.buyers)], items

    # -- Writes --

    def send(self, number: int, key: str, timeout: float) -> Answer:
        buyer, items = self.wish(number)

        def request() -> Answer:
            response = buyer.order(items, key=key, timeout=timeout)
            answer = judged(response, "order", 201, is_of(items), lambda left: self._look(buyer, response, items, left))
            if answer.good:
                self.acknowledge(buyer, response, items)
            return answer

        return attempt(request, "order")

    def acknowledge(self, buyer: Customer, response: Response, items: dict[str, int]) -> None:
        order = response.json()["id"]
        facts = {"order": order, "buyer": buyer.id, "request": response["X-Request-ID"]}
        self.ledger.acknowledge(marker(buyer.id, items), **facts)
        self.recent.append((buyer, order, response[SEEN]))

    def _look(self, buyer: Customer, written: Response, items: dict[str, int], timeout: float) -> Answer:
        """What its buyer sees next: the order, and nothing older."""
        order = written.json()["id"]

        def request() -> Answer:
            response = buyer.look(order, seen=written[SEEN], timeout=timeout)
            answer = judged(response, "api_order", 200, is_of(items, order))
            is_unseen = response.status == 404 or (response.status == 200 and not answer.good)
            return answer if not is_unseen else unseen(answer, order)

        return attempt(request, "api_order")

    # -- Reads, as a customer: by the token of their last order no cache may answer --

    def read(self, number: int, timeout: float) -> Answer:
        """An order from a while ago, oneself, or a product; in turn."""
        step, request = self._wanted(number)
        return attempt(lambda: judged(request(timeout=timeout), step, 200), step)

    def _wanted(self, number: int) -> tuple[str, Callable[..., Response]]:
        buyer, seen = self.buyers[number % len(self.buyers)], ""
        if self.recent:
            other, order, seen = self.recent[number % len(self.recent)]
            if number % 3 == 1:
                return "api_order", partial(other.look, order, seen=seen)
        path = ME if number % 3 == 2 else PRODUCT.format(self.goods[number * 7 % len(self.goods)])
        return "api_me" if path == ME else "api_product", partial(buyer.request, "GET", path, seen=seen)


def is_of(items: dict[str, int], order: str = "") -> Callable[[dict], str]:
    """Whether an answer is about this order: its items, and its id if that is known."""

    def wrong(body: dict) -> str:
        found = {line["product_id"]: line["quantity"] for line in body.get("items", ())}
        return "" if found == items and body["id"] == (order or body["id"]) else f"another order: {body}"[:200]

    return wrong


def unseen(answer: Answer, order: str) -> Answer:
    return replace(answer, detail=f"{UNSEEN} order {order} {answer.request_id}")
