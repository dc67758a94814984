"""Makes the read model what the products service has, while the shop serves and events flow."""

from datetime import timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from flotilla import context
from flotilla.bus import databases
from flotilla.uuid7 import uuid7
from web import services
from web.catalogue.origin import Away, products_pages
from web.models import Product

YOUNG = timedelta(minutes=1)


class Rebuilt(NamedTuple):
    """Numbers of products."""

    read: int
    written: int
    removed: int


def catalogue_rebuild() -> Rebuilt:
    """Each page in a transaction. Raises Away: what was written until then is right, and nothing was removed.

    Removed is what was there before the first page was read, is on no page, and has not changed since.
    """
    state = context.RequestState(request_id=f"rebuild-{uuid7().hex}", policy=context.Policy.HOLD)
    with context.use(state):
        before = databases.run("default", _versions)
        seen, written = set(), 0
        for page in products_pages():
            written += databases.run("default", partial(services.products_take, products=page), state.request_id)
            seen.update(product.product_id for product in page)
        if not seen:
            raise Away("it lists no product at all, which is taken for a mistake: is it seeded?")
        missing = {id: version for id, version in before.items() if id not in seen}
        removed = databases.run("default", partial(services.products_forget, versions=missing), state.request_id)
    return Rebuilt(len(seen), written, removed)


def _versions() -> dict[UUID, int]:
    """Of what was not made a moment ago: the list may come from a replica that does not have that yet."""
    known = Product.objects.sold().filter(created__lt=timezone.now() - YOUNG)
    return dict(known.values_list("pk", "version"))
