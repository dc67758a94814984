"""What the shop does about events: its catalogue is what the products service says (docs/decisions/0032)."""

from flotilla.bus.handlers import on
from flotilla.events.contracts import ProductChanged, ProductRemoved
from web import services


@on(ProductChanged, before=lambda events: services.categories_apply(products=events))
def product_changed(event: ProductChanged) -> None:
    services.product_apply(product=event)


@on(ProductRemoved)
def product_removed(event: ProductRemoved) -> None:
    services.product_forget(product_id=event.product_id, version=event.version)
