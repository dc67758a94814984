"""What leads where: the whole of the public API as data. Whatever is not in this table cannot be reached from outside.

`/api/<path>` leads to `<path>` at the service. HEAD goes where GET goes.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from gateway.refusals import Refused

ID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"


class Who(Enum):
    """Who may call."""

    STRANGER = "stranger"  # nobody's token is looked at: who fetches a new one may have one that has expired
    ANYBODY = "anybody"  # with or without a token; one that is not to be believed is refused
    USER = "user"
    STAFF = "staff"


class Wait(Enum):
    """How long the answer may take: GATEWAY_SAFE_SECONDS, GATEWAY_UNSAFE_SECONDS."""

    READ = "read"
    WRITE = "write"


class Key(Enum):
    """Under which request key something takes effect once."""

    GIVEN = "given"  # the caller's, else the edge's id of the request, which stays the same when a proxy sends again
    REQUIRED = "required"  # the caller's


@dataclass(frozen=True)
class Route:
    name: str
    service: str
    method: str
    path: str
    who: Who
    wait: Wait
    key: Key = Key.GIVEN

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.path.replace("{id}", ID))

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)


STRANGER, ANYBODY, USER, STAFF = Who
READ, WRITE = Wait

ROUTES = (
    Route("user_register", "users", "POST", "users/", STRANGER, WRITE),
    Route("user_me", "users", "GET", "users/me/", USER, READ),
    Route("user_delete", "users", "DELETE", "users/me/", USER, WRITE),
    Route("user_orders", "users", "GET", "users/{id}/orders/", USER, READ),
    Route("token_get", "users", "POST", "auth/token/", STRANGER, WRITE),
    Route("token_refresh", "users", "POST", "auth/refresh/", STRANGER, WRITE),
    Route("product_page", "products", "GET", "products/", ANYBODY, READ),
    Route("product_create", "products", "POST", "products/", STAFF, WRITE),
    Route("product_get", "products", "GET", "products/{id}/", ANYBODY, READ),
    Route("product_change", "products", "PATCH", "products/{id}/", STAFF, WRITE),
    Route("product_remove", "products", "DELETE", "products/{id}/", STAFF, WRITE),
    Route("order_page", "orders", "GET", "orders/", USER, READ),
    Route("order_place", "orders", "POST", "orders/", USER, WRITE, Key.REQUIRED),
    Route("order_get", "orders", "GET", "orders/{id}/", USER, READ),
    Route("order_cancel", "orders", "POST", "orders/{id}/cancel/", USER, WRITE),
)
SERVICES = tuple(dict.fromkeys(route.service for route in ROUTES))


def find(method: str, path: str) -> Route:
    """The route of `/api/<path>`. Raises Refused: 404, or 405 with the methods that there are."""
    there = [route for route in ROUTES if route.pattern.fullmatch(path)]
    if not there:
        raise Refused(404, _nothing_at(path))
    known = [name for route in there for name in route.methods]
    only(method, *known)
    return next(route for route in there if method in route.methods)


def only(method: str, *known: str) -> None:
    """Raises Refused: 405."""
    if method not in known:
        raise Refused(405, f"Here are only {', '.join(known)}.", Allow=", ".join(known))


def _nothing_at(path: str) -> str:
    if any(route.pattern.fullmatch(f"{path}/") for route in ROUTES):
        return "There is nothing at this address. It ends with a slash."
    return "There is nothing at this address. What there is: /api/docs/."
