"""Waiting until the products that the service has are in the read model too."""

import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from flotilla import context
from web.catalogue.origin import Away, products_pages
from web.models import Product

ARRIVE_SECONDS = 180.0
PAUSE_SECONDS = 1.0
SAY_SECONDS = 10.0


class NotArrived(Exception):
    """The time is over; the message is how far it was, and where to look."""


def products_await(*, seconds: float, say: Callable[[str], None]) -> None:
    """Until every product of the service is here. Without PRODUCTS_URLS there is nobody to wait for.

    Raises NotArrived.
    """
    if not settings.FLOTILLA.products_urls:
        return
    until, said, wanted = time.monotonic() + seconds, 0.0, set()
    while True:
        wanted, words = _look(wanted)
        if not words:
            return
        now = time.monotonic()
        if now >= until:
            raise NotArrived(f"After {seconds:.0f} s {words}")
        if now >= said:
            said = now + SAY_SECONDS
            say(words)
        time.sleep(PAUSE_SECONDS)


def _look(wanted: set[UUID]) -> tuple[set[UUID], str]:
    """What is waited for, asked for once; and what is still missing, '' when nothing is."""
    try:
        wanted = wanted or {product.product_id for page in products_pages() for product in page}
    except Away as error:
        return set(), f"the products service gives no list: {error}."
    if not wanted:
        return wanted, "the products service has no products yet: its own seed comes first."
    with context.holding(ARRIVE_SECONDS):
        here = Product.objects.filter(pk__in=wanted).count()
    missing = f"{here} of {len(wanted)} products are here: the workers of both services bring them, see `make logs`."
    return wanted, "" if here == len(wanted) else missing
