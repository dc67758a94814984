"""Which services get which event: the whole topology of the bus, as data. A queue has its service's name."""

from flotilla.events import contracts as c

QUEUES: dict[type[c.Event], tuple[str, ...]] = {
    c.UserRegistered: ("orders",),
    c.UserDeleted: ("web", "orders"),
    c.ProductChanged: ("web", "orders"),
    c.ProductRemoved: ("web", "orders"),
    # Answers to an order. The shop sees stock in ProductChanged.
    c.StockReserved: ("orders",),
    c.StockRejected: ("orders",),
    c.StockReleased: ("orders",),
    c.OrderPlaced: ("products",),
    c.OrderConfirmed: ("products",),
    c.OrderRejected: ("products",),
    c.OrderCancelled: ("products",),
    c.OrderArchived: ("products",),
}

TYPES: dict[str, type[c.Event]] = {cls.TYPE: cls for cls in QUEUES}


def consumed_by(queue: str) -> list[type[c.Event]]:
    """The events that a service must be able to handle."""
    return [cls for cls, queues in QUEUES.items() if queue in queues]


def source_of(type: str) -> str:
    """The service whose event this is, or would be: '' when there is none of that name."""
    service = type.partition(".")[0]
    return service if any(name.startswith(f"{service}.") for name in TYPES) else ""
