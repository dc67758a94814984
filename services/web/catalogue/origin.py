"""The catalogue as its owner has it: the products service's list, read page by page over REST."""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import requests
from django.conf import settings

from flotilla import clients
from flotilla.events.contracts import Category, ProductChanged
from flotilla.events.data import Mismatch, decode

LIST = "http://products/products/"
CATEGORY = [field.name for field in fields(Category)]
PRODUCT = [field.name for field in fields(ProductChanged) if field.name not in ("product_id", "category")]


class Away(Exception):
    """The service gives no list, or none that can be read; the message says why."""


def products_pages() -> Iterator[list[ProductChanged]]:
    """Every product, as the event that would tell of it. Raises Away."""
    if not settings.FLOTILLA.products_urls:
        raise Away("PRODUCTS_URLS is not set: give it the addresses of the products service")
    cursor, before = None, set()
    while cursor not in before:
        before.add(cursor)
        products, cursor = _page(cursor)
        yield products
        if cursor is None:
            return
    raise Away("its pages lead back to one that has been read")


def _page(cursor: str | None) -> tuple[list[ProductChanged], str | None]:
    answer = _answer(cursor)
    try:
        return [_product(item) for item in answer["items"]], answer["next"]
    except (Mismatch, KeyError, TypeError) as error:
        raise Away(f"its list cannot be read: {error!r}") from error


def _answer(cursor: str | None) -> Any:
    try:
        answer = _session().get(LIST, params={"page": cursor} if cursor else None)
        answer.raise_for_status()
        return answer.json()
    except requests.RequestException as error:
        raise Away(str(error)) from error


def _product(item: dict[str, Any]) -> ProductChanged:
    """Fields that are not known are left out: the service may have more to say, to others."""
    category = {name: item["category"][name] for name in CATEGORY}
    known = {name: item[name] for name in PRODUCT} | {"product_id": item["id"], "category": category}
    return decode(ProductChanged, known)


@cache
def _session() -> requests.Session:
    return clients.session("products", settings.FLOTILLA.products_urls)
