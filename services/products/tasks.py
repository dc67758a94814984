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


@on(c.OrderPlaced, before=in_turn)
def order_placed(event: c.OrderPlaced) -> None:
    stock_reserve(order_id=event.order_id, lines=event.lines)


@on(c.OrderRejected, c.OrderCancelled, before=in_turn)
def order_ended(event: c.OrderRejected | c.OrderCancelled) -> None:
    """Rejected by ourselves, or after waiting for our answer too long: then there is something to give back."""
    stock_release(order_id=event.order_id, reason=event.reason)


@on(c.OrderConfirmed)
def order_confirmed(event: c.OrderConfirmed) -> None:
    """What was reserved is sold: it stays taken."""


@on(c.OrderArchived, before=in_turn)
def order_archived(event: c.OrderArchived) -> None:
    """An order that was never confirmed, or was cancelled, keeps nothing, whatever was seen of it before."""
    if not event.sold:
        stock_release(order_id=event.order_id, reason=event.reason)
