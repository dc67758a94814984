"""The events that services tell each other. Frozen: a change of any field is a new class (v2) beside the old one.

Each carries the whole state of its entity that a consumer needs, and the entity's version, which rises with each event.
So a consumer that has seen a later one loses nothing by not applying an earlier one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Event:
    """`TYPE` is `<service>.<entity>.<past tense>.v<N>`, `KEY` the field that holds the entity's id."""

    TYPE: ClassVar[str]
    KEY: ClassVar[str]
    version: int

    @property
    def subject(self) -> str:
        return str(getattr(self, self.KEY))


# -- users.user -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class UserRegistered(Event):
    TYPE = "users.user.registered.v1"
    KEY = "user_id"
    user_id: UUID
    email: str
    name: str


@dataclass(frozen=True, kw_only=True)
class UserDeleted(Event):
    TYPE = "users.user.deleted.v1"
    KEY = "user_id"
    user_id: UUID


# -- products.product, and products.stock: what became of an order's wish for stock ------------------------------------


@dataclass(frozen=True, kw_only=True)
class Category:
    slug: str
    name: str
    tagline: str
    position: int


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    """The product as it is now; the first one makes it known."""

    TYPE = "products.product.changed.v1"
    KEY = "product_id"
    product_id: UUID
    slug: str
    name: str
    description: str
    motif: str
    price_cents: int
    category: Category
    featured: bool
    stock: int
    created: datetime


@dataclass(frozen=True, kw_only=True)
class ProductRemoved(Event):
    TYPE = "products.product.removed.v1"
    KEY = "product_id"
    product_id: UUID


@dataclass(frozen=True, kw_only=True)
class StockEvent(Event):
    """About one order's stock, all lines or none. `reason` is for people, and empty where nothing went wrong."""

    KEY = "order_id"
    order_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class StockReserved(StockEvent):
    TYPE = "products.stock.reserved.v1"


@dataclass(frozen=True, kw_only=True)
class StockRejected(StockEvent):
    TYPE = "products.stock.rejected.v1"


@dataclass(frozen=True, kw_only=True)
class StockReleased(StockEvent):
    TYPE = "products.stock.released.v1"


# -- orders.order -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Line:
    product_id: UUID
    quantity: int


@dataclass(frozen=True, kw_only=True)
class OrderEvent(Event):
    """The whole order each time; the type says what became of it, `reason` why where that needs one."""

    KEY = "order_id"
    order_id: UUID
    user_id: UUID
    lines: tuple[Line, ...]
    total_cents: int
    created: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(OrderEvent):
    TYPE = "orders.order.placed.v1"


@dataclass(frozen=True, kw_only=True)
class OrderConfirmed(OrderEvent):
    TYPE = "orders.order.confirmed.v1"


@dataclass(frozen=True, kw_only=True)
class OrderRejected(OrderEvent):
    TYPE = "orders.order.rejected.v1"


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(OrderEvent):
    TYPE = "orders.order.cancelled.v1"


@dataclass(frozen=True, kw_only=True)
class OrderArchived(OrderEvent):
    """Put away, its user being gone. `sold`: it was confirmed, and not cancelled since, so what it took stays taken."""

    TYPE = "orders.order.archived.v1"
    sold: bool = True
