"""The orders service, asked for somebody's orders. When it cannot tell, its callers go on without."""

import logging
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import requests
from django.conf import settings

from flotilla import clients
from flotilla.api import identity, tokens
from flotilla.breaker import Breaker

logger = logging.getLogger(__name__)

PATH = "http://orders/internal/users/{}/orders/"
READ_SECONDS = 2.0  # people wait, and there is an answer without


class OrdersUnknown(Exception):
    """They cannot be told now."""


class PageUnknown(Exception):
    """The service has not given out this page."""


class Orders(NamedTuple):
    """One page of them, as the orders service tells it; `next` is the `page` of what follows."""

    items: list[dict[str, Any]]
    next: str | None


_breaker = Breaker()


def orders_of(*, user_id: UUID, page: str = "") -> Orders:
    """Newest first. Raises OrdersUnknown, at once while the service is known to be away; PageUnknown."""
    if not settings.FLOTILLA.orders_urls or not _breaker.allows():
        raise OrdersUnknown
    try:
        answer = _session().get(
            PATH.format(user_id), params={"page": page} if page else None, headers={identity.HEADER: _identity()}
        )
        if answer.status_code != 400:
            answer.raise_for_status()
            found = _orders(answer.json())
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        _breaker.failed()
        logger.warning("orders cannot be told: %s", error)
        raise OrdersUnknown from error
    _breaker.succeeded()
    if answer.status_code == 400:
        raise PageUnknown
    return found


def _orders(body: Any) -> Orders:
    """Raises KeyError, TypeError, ValueError for what is no page."""
    items, following = body["items"], body["next"]
    if not (isinstance(items, list) and all(isinstance(item, dict) for item in items)):
        raise ValueError("its items are no list of orders")
    if not isinstance(following, str | None):
        raise ValueError("its next is no page")
    return Orders(items, following)


def _identity() -> str:
    """This service, on its own behalf (docs/decisions/0031)."""
    env = settings.FLOTILLA
    key, kid = tokens.signer(env.identity_key)
    return identity.sign(key, kid=f"{env.service}-{kid}", issuer=env.service, audience="orders", role="service")


@cache
def _session() -> requests.Session:
    return clients.session("orders", settings.FLOTILLA.orders_urls, read_seconds=READ_SECONDS)
