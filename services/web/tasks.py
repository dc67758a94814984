"""What the shop does about events: its catalogue is what the products service says (docs/decisions/0032), and whom the
users service forgets, it forgets.
"""

from flotilla.bus.handlers import on
from flotilla.events.contracts import ProductChanged, ProductRemoved, UserDeleted
from web import services


@on(ProductChanged, before=lambda events: services.categories_apply(products=events), together=True)
def products_changed(events: list[ProductChanged]) -> None:
    services.products_apply(products=events)


@on(ProductRemoved)
def product_removed(event: ProductRemoved) -> None:
    services.product_forget(product_id=event.product_id, version=event.version)


@on(UserDeleted)
def user_deleted(event: UserDeleted) -> None:
    services.account_forget(account_id=event.user_id)
