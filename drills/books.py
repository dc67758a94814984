"""What must agree about orders and stock, as the databases have it before a drill and after it. Pure functions.

Invariant: what is gone from a product's stock is what its reservations took, and what its orders that were not taken
back have sold. Changes of one drill are compared, so that what was wrong before is not held against it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadtest.api import ENDS

KINDS = ("lost", "twice", "stuck", "stock", "shop")  # of what may be wrong


@dataclass(frozen=True, slots=True)
class Order:
    """`placed`, `ended`: seconds since 1970; None while it has no end. `marker`: as in the ledger."""

    id: str
    marker: str
    status: str
    sold: bool
    placed: float
    ended: float | None


@dataclass(frozen=True)
class Books:
    """Product id -> quantity: in stock, in reservations, sold, in stock as the shop shows it (`stock` and `shop`: of
    what is on sale). `orders` are the drill's, `held` those of them that have a reservation."""

    stock: dict[str, int]
    taken: dict[str, int]
    sold: dict[str, int]
    shop: dict[str, int]
    orders: tuple[Order, ...] = ()
    held: frozenset[str] = frozenset()


def faults(before: Books, now: Books, acknowledged: Iterable[dict]) -> dict[str, list[str]]:
    """Everything that is wrong, a sentence each. `acknowledged`: the ledger's lines that are about orders."""
    lines = list(acknowledged)
    return {
        "lost": list(lost(lines, now.orders)),
        "twice": sorted(name for name, count in Counter(order.marker for order in now.orders).items() if count > 1),
        "stuck": [f"{order.id} is {order.status}" for order in now.orders if order.status not in ENDS],
        "stock": [*stock(before, now), *reservations(now)],
        "shop": list(shop(before, now)),
    }


def lost(lines: Iterable[dict], orders: Iterable[Order]) -> Iterator[str]:
    """An order must be there under its id, with its buyer and items; what was taken back must be so."""
    known = {order.id: order for order in orders}
    for line in lines:
        order = known.get(line["order"])
        if line.get("cancelled"):
            if order is None or order.status != "cancelled":
                yield f"the cancelling of {line['order']}, which is {order.status if order else 'gone'}"
        elif order is None or order.marker != line["marker"]:
            yield f"{line['order']}: {line['marker']}"


def stock(before: Books, now: Books) -> Iterator[str]:
    for product in sorted(before.stock.keys() & now.stock.keys()):
        gone = before.stock[product] - now.stock[product]
        taken, sold = (new.get(product, 0) - old.get(product, 0) for old, new in
                       ((before.taken, now.taken), (before.sold, now.sold)))  # fmt: skip
        if not gone == taken == sold:
            yield f"product {product}: {gone} gone from stock, {taken} reserved, {sold} sold"


def reservations(now: Books) -> Iterator[str]:
    """Order by order: two that are wrong may look right in their sum."""
    for order in now.orders:
        if order.status in ENDS and order.sold != (order.id in now.held):
            yield f"order {order.id} is {order.status}, and has {'' if order.id in now.held else 'no '}stock"


def shop(before: Books, now: Books) -> Iterator[str]:
    """What the shop shows of a product, and the service that owns it has otherwise; now, and not before."""
    for product, count in sorted(now.stock.items()):
        shown = now.shop.get(product)
        if shown != count and before.shop.get(product) == before.stock.get(product):
            yield f"product {product}: {count} in stock, the shop shows {'nothing' if shown is None else shown}"


# -- How long it took --------------------------------------------------------------------------------------------------


def delayed(orders: Iterable[Order]) -> float | None:
    """The longest time from placing an order to its end; None when nothing was ordered, or one has no end."""
    waits = [None if order.ended is None else order.ended - order.placed for order in orders]
    return None if not waits or None in waits else round(max(waits), 3)


def ended_after(orders: Iterable[Order], moment: float) -> float | None:
    """From a moment until the last order that was placed before it had its end; as `delayed`."""
    ends = [order.ended for order in orders if order.placed < moment]
    return None if not ends or None in ends else round(max([*ends, moment]) - moment, 3)


def statuses(orders: Iterable[Order]) -> dict[str, int]:
    return dict(sorted(Counter(order.status for order in orders).items()))
