"""What the two services do about events: products reserves stock for orders, and says so; orders takes notice.

Every call of a handler is a row, written with it: an event applied twice, or backwards, shows.
"""

import time

from django.conf import settings
from django.db import connection

from flotilla.bus.handlers import on
from flotilla.bus.publishing import publish
from flotilla.events import contracts as c
from flotilla.events.routes import QUEUES

# The shop has no part in these tests.
QUEUES.update({cls: tuple(q for q in queues if q != "web") for cls, queues in QUEUES.items()})


def effect(event: c.Event) -> None:
    time.sleep(settings.HANDLER_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO effect (subject, type, version) VALUES (%s, %s, %s)",
            [event.subject, event.TYPE, event.version],
        )
    if settings.FAIL == event.TYPE:
        raise RuntimeError("this handler was told to fail")


@on(c.OrderPlaced, consumer="products")
def reserve(order: c.OrderPlaced) -> None:
    effect(order)
    publish(c.StockReserved(version=1, order_id=order.order_id, reason=""))


on(c.OrderConfirmed, c.OrderRejected, c.OrderCancelled, c.OrderArchived, consumer="products")(effect)
on(c.StockReserved, c.StockRejected, c.StockReleased, consumer="orders")(effect)
on(c.ProductChanged, c.ProductRemoved, c.UserRegistered, c.UserDeleted, consumer="orders")(effect)
