"""What the databases have of a drill's writes: asked of the primary, as the superuser, who misses nothing."""

import time
from collections.abc import Collection
from pathlib import Path

from loadtest.ledger import compare, lines
from stack.servers import sql, until, value

from drills import books
from drills.books import Books, Order
from drills.lock import Refused

ANSWER = 60  # seconds for a primary to be there
SETTLE = 90  # seconds before a drill until no order waits: longer than an order may wait for its stock
BOUND = 60  # seconds after the load in which every order reaches its end, and stock and shop agree
EVERY = 1.0
LEDGER, CROWD = "ledger.jsonl", "crowd.jsonl"  # of the load, and of a fault that needs orders of its own

STOCK = """
SELECT p.id, p.stock, p.removed_at IS NULL, coalesce(t.taken, 0) FROM products_product p
LEFT JOIN (SELECT l.product_id, sum(l.quantity) AS taken FROM products_reservationline l
           JOIN products_reservation r ON r.order_id = l.reservation_id WHERE r.state = 'reserved' GROUP BY 1) t
ON t.product_id = p.id"""
SOLD = """
SELECT l.product_id, sum(l.quantity) FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
WHERE o.sold GROUP BY 1"""
SHOP = "SELECT id, stock FROM web_product WHERE removed_at IS NULL"
# Its second version is its first end: nothing else follows a pending order.
ORDERS = """
SELECT o.id, 'order ' || o.user_id || ' ' || string_agg(l.product_id || 'x' || l.quantity, ',' ORDER BY l.product_id),
       o.status, o.sold, extract(epoch FROM o.created), extract(epoch FROM e.created_at)
FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
LEFT JOIN bus_outbox e ON e.entity = 'orders.order' AND e.subject = o.id::text AND e.version = 2
WHERE o.user_id IN ({}) GROUP BY o.id, e.created_at ORDER BY o.id"""
HELD = "SELECT order_id FROM products_reservation WHERE state = 'reserved' AND order_id IN ({})"
UNHEARD = "SELECT count(*) FROM bus_delivery WHERE confirmed_at IS NULL"
PENDING = "SELECT count(*) FROM orders_order WHERE status = 'pending'"


# -- Reviews and carts -------------------------------------------------------------------------------------------------


def stored(out: Path, name: str) -> dict:
    """The ledger against the tables -> acknowledged writes that are lost, and those that took effect twice."""
    acknowledged = lines(out / LEDGER)
    forms = [line["marker"] for line in acknowledged if "order" not in line]
    found = compare(forms, until(lambda: (in_tables(name),), ANSWER, "the primary answers")[0])
    return found | {"acknowledged": len(acknowledged)}


def in_tables(name: str) -> list[str]:
    """Markers as the tables have them; a cart line of two counts twice. Who an author is, their address says."""
    reviews = sql(f"SELECT title FROM web_review WHERE title LIKE 'review {name} %'")
    carts = sql(
        "SELECT 'cart ' || split_part(u.email, '@', 1) || ' ' || p.slug, i.quantity FROM web_cartitem i"
        " JOIN web_cart c ON c.id = i.cart_id JOIN web_user u ON u.id = c.owner_id"
        " JOIN web_product p ON p.id = i.product_id"
        f" WHERE u.email LIKE 'author-{name}-%'"
    )
    return [row[0] for row in reviews] + [row[0] for row in carts for _ in range(int(row[1]))]


# -- Orders and stock --------------------------------------------------------------------------------------------------


def quiet() -> Books:
    """The books before a drill, when every order has its end, and products has heard of it: what an earlier order gives
    back later would look like stock from nowhere. Refused when one will not come to it.
    """
    end = time.monotonic() + SETTLE
    while waits := waiting():
        if time.monotonic() > end:
            raise Refused(f"{waits}: `make logs S=orders-worker` and S=products-worker say why.")
        time.sleep(EVERY)
    return read()


def waiting() -> str:
    """What is under way, in words; empty when nothing is."""
    if orders := pending():
        return f"{orders} orders have no end"
    unheard = int(value(UNHEARD, database="orders"))
    return f"{unheard} events about orders were not heard" if unheard else ""


def pending(buyers: Collection[str] = ()) -> int:
    """How many orders wait for their end: of these buyers, or of anybody."""
    whose = f" AND user_id IN ({quoted(buyers)})" if buyers else ""
    return int(value(PENDING + whose, database="orders"))


def read(buyers: Collection[str] = ()) -> Books:
    """Orders of these buyers; stock of all products. What was ordered first: then no reservation can be missing."""
    orders = ordered(buyers)
    rows = sql(STOCK, database="products")
    held = sql(HELD.format(quoted(order.id for order in orders)), database="products") if orders else []
    return Books(
        stock={id: int(stock) for id, stock, sells, _ in rows if sells == "t"},
        taken={id: int(taken) for id, _, _, taken in rows},
        sold=counts(sql(SOLD, database="orders")),
        shop=counts(sql(SHOP)),
        orders=orders,
        held=frozenset(row[0] for row in held),
    )


def ordered(buyers: Collection[str]) -> tuple[Order, ...]:
    rows = sql(ORDERS.format(quoted(buyers)), database="orders") if buyers else []
    return tuple(
        Order(id, marker, status, sold == "t", float(placed), float(ended) if ended else None)
        for id, marker, status, sold, placed, ended in rows
    )


def counts(rows: list[list[str]]) -> dict[str, int]:
    return {name: int(count) for name, count in rows}


def quoted(names) -> str:
    return ", ".join(f"'{name}'" for name in names)


def settled(before: Books, out: Path, buyers: Collection[str], undone: float) -> dict:
    """What is wrong when the load has ended, asked until it is nothing, for BOUND seconds at most.

    `undone`: when the fault's undoing began, in seconds since 1970.
    """
    begin, acknowledged = time.monotonic(), orders_of(out)
    buyers = {*buyers, *(line["buyer"] for line in acknowledged)}
    while True:
        now = until(lambda: read(buyers), ANSWER, "the primary answers")
        wrong, took = books.faults(before, now, acknowledged), time.monotonic() - begin
        if not any(wrong.values()) or took > BOUND:
            break
        time.sleep(EVERY)
    return wrong | {
        "acknowledged": sum(not line.get("cancelled") for line in acknowledged),
        "statuses": books.statuses(now.orders), "delayed": books.delayed(now.orders),
        "ended_after": books.ended_after(now.orders, undone),
        "settled_after": None if any(wrong.values()) else round(took, 3),
    }  # fmt: skip


def orders_of(out: Path) -> list[dict]:
    """Of both ledgers, the lines about orders."""
    files = [out / name for name in (LEDGER, CROWD) if (out / name).exists()]
    return [line for file in files for line in lines(file) if "order" in line]
