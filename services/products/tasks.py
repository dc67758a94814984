"""What becomes of the stock when something becomes of an order. Registered with the bus, see flotilla.bus.handlers.

Each event may be the first that is seen of its order: one that overtook the others makes the bus leave them out.
"""

from flotilla.bus.handlers import on
from flotilla.events import contracts as c
from products.services import stock_release, stock_reserve, stock_turn


def in_turn(events: list[c.OrderEvent]) -> None:
    """Before the first of them claims anything: whoever had an order's row and then waited for the turn, while the one
    whose turn it is wants that row, would wait in a circle."""
    stock_turn()


@on(c.OrderPlaced, before=in_turn, together=True)
def orders_placed(events: list[c.OrderPlaced]) -> None:
    stock_reserve(orders={event.order_id: event.lines for event in events})


@on(c.OrderRejected, c.OrderCancelled, before=in_turn, together=True)
def orders_ended(events: list[c.OrderRejected | c.OrderCancelled]) -> None:
    """Rejected by ourselves, or after waiting for our answer too long: then there is something to give back."""
    stock_release(reasons={event.order_id: event.reason for event in events})


@on(c.OrderConfirmed, together=True)
def orders_confirmed(events: list[c.OrderConfirmed]) -> None:
    """What was reserved is sold: it stays taken."""


@on(c.OrderArchived, before=in_turn, together=True)
def orders_archived(events: list[c.OrderArchived]) -> None:
    """An order that was never confirmed, or was cancelled, keeps nothing, whatever was seen of it before."""
    stock_release(reasons={event.order_id: event.reason for event in events if not event.sold})
