"""What the shop asks of the API, through the gateway: accounts and orders. Nothing is remembered here (tokens.py is
where tokens are), and nothing touches the database. Every function raises Away, and the refusals of calls.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from flotilla.events.data import Mismatch, decode
from web.calls import Away, Invalid, Refused, call


@dataclass(frozen=True)
class Tokens:
    """The access token is good for `expires_in` seconds, the refresh token for new ones."""

    access: str
    refresh: str
    expires_in: int


@dataclass(frozen=True)
class Account:
    id: UUID
    email: str
    name: str


@dataclass(frozen=True)
class Line:
    """Name and price are those of the moment of ordering."""

    product_id: UUID
    name: str
    price_cents: int
    quantity: int

    @property
    def total_cents(self) -> int:
        return self.price_cents * self.quantity


@dataclass(frozen=True)
class Order:
    id: UUID
    status: str
    reason: str
    total_cents: int
    items: tuple[Line, ...]
    created_at: datetime


@dataclass(frozen=True)
class OrderPage:
    """`next` is the `cursor` of what follows, None on the last one."""

    orders: Sequence[Order]
    next: str | None


class KeyUsed(Refused):
    """The key has ordered other things than these."""


# -- Accounts ----------------------------------------------------------------------------------------------------------


def account_register(*, email: str, name: str, password: str, key: str) -> Account:
    """Raises Conflict when the address is taken, Invalid, TooMany."""
    return _read(Account, call("POST", "users/", body={"email": email, "name": name, "password": password}, key=key))


def account_get(*, access: str) -> Account:
    """Whose token it is."""
    return _read(Account, call("GET", "users/me/", access=access))


def token_make(*, email: str, password: str) -> Tokens:
    """Raises LoginNeeded when the two do not belong together, TooMany."""
    return _read(Tokens, call("POST", "auth/token/", body={"email": email, "password": password}))


def token_refresh(*, refresh: str) -> Tokens:
    """Raises LoginNeeded when the account is gone, or its logins have been ended."""
    return _read(Tokens, call("POST", "auth/refresh/", body={"refresh": refresh}))


# -- Orders ------------------------------------------------------------------------------------------------------------


def order_place(*, access: str, key: UUID, quantities: dict[UUID, int]) -> Order:
    """The order of this key, made the first time. Raises Invalid naming items, KeyUsed."""
    items = [{"product_id": str(id), "quantity": quantity} for id, quantity in quantities.items()]
    try:
        return _order(call("POST", "orders/", access=access, body={"items": items}, key=str(key)))
    except Invalid as refusal:
        if refusal.errors:
            raise
        raise KeyUsed(str(refusal)) from refusal


def order_get(*, access: str, order_id: UUID) -> Order:
    """Raises NotFound, also for somebody else's."""
    return _order(call("GET", f"orders/{order_id}/", access=access))


def order_page(*, access: str, cursor: str = "") -> OrderPage:
    """One's own orders, newest first. Raises Invalid for a cursor that is none."""
    found = call("GET", "orders/", access=access, query={"page": cursor} if cursor else None)
    with _readable():
        return OrderPage([_order(item) for item in found["items"]], found["next"])


def order_cancel(*, access: str, order_id: UUID, key: str) -> Order:
    """A second time: the same. Raises Conflict when it is over, NotFound."""
    return _order(call("POST", f"orders/{order_id}/cancel/", access=access, body={}, key=key))


# -- Reading what it says ----------------------------------------------------------------------------------------------


@contextmanager
def _readable() -> Iterator[None]:
    """What is not as agreed is no answer."""
    try:
        yield
    except (Mismatch, KeyError, TypeError) as error:
        raise Away(f"its answer cannot be read: {error!r}") from error


def _read[T](cls: type[T], said: Any) -> T:
    with _readable():
        return decode(cls, _known(cls, said))


def _order(said: Any) -> Order:
    with _readable():
        return _read(Order, said | {"items": [_known(Line, item) for item in said["items"]]})


def _known(cls: type, said: Any) -> dict[str, Any]:
    """Fields that are not known are left out: a service may come to say more."""
    return {field.name: said[field.name] for field in fields(cls)}
