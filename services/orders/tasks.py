"""What the service does about events, and by the clock. Each calls one service function."""

from flotilla.bus.handlers import on
from flotilla.bus.periodic import every
from flotilla.events import contracts as c
from orders import services

EXPIRE_SECONDS = 5.0
ARCHIVE_SECONDS = 60.0


@on(c.UserRegistered)
def user_registered(event: c.UserRegistered) -> None:
    """Nothing to keep: an order knows its user by the id that the gateway vouches for."""


@on(c.UserDeleted)
def user_deleted(event: c.UserDeleted) -> None:
    services.user_forget(user_id=event.user_id)


@on(c.ProductChanged, together=True)
def products_changed(events: list[c.ProductChanged]) -> None:
    services.products_set(products=events)


@on(c.ProductRemoved)
def product_removed(event: c.ProductRemoved) -> None:
    services.product_remove(product_id=event.product_id)


@on(c.StockReserved, c.StockRejected, together=True)
def stock_answered(events: list[c.StockReserved | c.StockRejected]) -> None:
    """One handler for both: it locks their orders in one order."""
    services.orders_answer(
        reserved=[event.order_id for event in events if isinstance(event, c.StockReserved)],
        rejected={event.order_id: event.reason for event in events if isinstance(event, c.StockRejected)},
    )


@on(c.StockReleased)
def stock_released(event: c.StockReleased) -> None:
    """Nothing to do: stock is released of orders that are over, and because they are."""


@every(EXPIRE_SECONDS)
def orders_expire() -> bool:
    return services.order_expire()


@every(ARCHIVE_SECONDS)
def orders_archive_late() -> bool:
    return services.order_archive_late()
