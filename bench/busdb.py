"""What the services' databases say of events: one kept connection each, through PgBouncer, as the services themselves.

Times of rows are those of the process that wrote them, and all processes of a machine have one clock.
"""

import time
import uuid
from collections.abc import Iterable

import psycopg
from stack.direct import PGBOUNCER, join
from stack.engine import secret

CONSUMERS = ("orders", "web")  # of what products tell
UNCONFIRMED = "SELECT count(*) FROM bus_delivery WHERE confirmed_at IS NULL"
HEARD = "SELECT event_id FROM bus_inbox WHERE event_id > %s AND consumer = %s"
TOLD = "SELECT id, extract(epoch FROM created_at) FROM bus_outbox WHERE id > %s AND entity = 'products.product'"
RECEIVED = (
    "SELECT count(*) FROM bus_inbox WHERE event_id > %s AND consumer = %s"
    " AND received_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)"
)
APPLIED = "SELECT subject, version FROM bus_entityversion WHERE consumer = %s AND entity = 'products.product'"
TOOK = (
    "SELECT extract(epoch FROM (later.created_at - placed.created_at)) FROM bus_outbox placed JOIN bus_outbox later"
    " USING (entity, subject) WHERE placed.entity = 'orders.order' AND placed.version = 1 AND later.version = 2"
    " AND later.body->>'type' = 'orders.order.confirmed.v1' AND placed.subject = ANY(%s)"
)
STATES = "SELECT status, count(*) FROM orders_order WHERE id = ANY(%s) GROUP BY status"


def connect(service: str) -> psycopg.Connection:
    join("data")
    hosts = ",".join(PGBOUNCER.values())
    where = f"host={hosts} port=6432 dbname={service} user={service} sslmode=prefer connect_timeout=3"
    return psycopg.connect(where, password=secret(f"db_{service}"), autocommit=True, prepare_threshold=None)


def id_of_now() -> uuid.UUID:
    """Ids of events begin with their time: later events are greater."""
    return uuid.UUID(int=int(time.time() * 1000) << 80)


class Bus:
    """Questions about what has been told since this was made."""

    def __init__(self):
        self.databases = {service: connect(service) for service in ("products", "orders", "web")}
        self.since = id_of_now()

    def rows(self, service: str, query: str, *values) -> list[tuple]:
        return self.databases[service].execute(query, values).fetchall()

    def backlog(self, service: str = "products") -> int:
        """Deliveries that are not confirmed."""
        return self.rows(service, UNCONFIRMED)[0][0]

    def told(self) -> dict[uuid.UUID, float]:
        """Events of products, with the time at which each was written."""
        return {id: float(at) for id, at in self.rows("products", TOLD, self.since)}

    def heard(self, consumer: str) -> set[uuid.UUID]:
        return {id for (id,) in self.rows(consumer, HEARD, self.since, consumer)}

    def received(self, consumer: str, begin: float, end: float) -> int:
        """How many events the consumer took between these times."""
        return self.rows(consumer, RECEIVED, self.since, consumer, begin, end)[0][0]

    def behind(self, consumer: str) -> int:
        """Products of which the consumer does not have the last version."""
        applied = dict(self.rows(consumer, APPLIED, consumer))
        newest = self.rows("products", "SELECT id, version FROM products_product")
        return sum(applied.get(str(id)) != version for id, version in newest)

    def stock(self, product: str) -> int:
        return self.rows("products", "SELECT stock FROM products_product WHERE id = %s", product)[0][0]

    def confirmed_after(self, orders: Iterable[str]) -> list[float]:
        """Seconds from placed to confirmed, of those that are."""
        return [float(seconds) for (seconds,) in self.rows("orders", TOOK, list(orders))]

    def states(self, orders: Iterable[str]) -> dict[str, int]:
        return dict(self.rows("orders", STATES, [uuid.UUID(order) for order in orders]))
