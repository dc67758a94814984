"""What ordering does to a cart. One key, one order: the key is the cart's until its content has been ordered."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from flotilla.uuid7 import uuid7
from web.models import Cart, CartItem

LINES_MAX = 50  # the orders service's own limit


def quantities(lines: Sequence[CartItem]) -> dict[UUID, int]:
    """What to order, in an order of its own: the same cart is the same request, byte for byte."""
    return dict(sorted((line.product_id, line.quantity) for line in lines))


def obstacle(lines: Sequence[CartItem]) -> str:
    """Why this cannot be ordered, in a sentence; '' when it can, as far as the shop knows."""
    gone = [line.product.name for line in lines if line.product.removed_at]
    if gone:
        return f"No longer sold: {', '.join(gone)}. Please remove it from the cart, then order."
    if len(lines) > LINES_MAX:
        return f"An order has up to {LINES_MAX} different things, and this cart has {len(lines)}. Please remove some."
    return ""


@transaction.atomic
def cart_ordered(*, cart: Cart, key: UUID, order_id: UUID, quantities: dict[UUID, int]) -> None:
    """What was ordered under the key leaves the cart; what was added meanwhile stays. A second time: nothing."""
    locked = Cart.objects.select_for_update(no_key=True).get(pk=cart.pk)
    if locked.key != key:
        return
    for item in locked.items.select_for_update().order_by("id"):
        _cart_item_ordered(item, quantities.get(item.product_id, 0))
    locked.order_key, locked.ordered_key, locked.ordered_id = uuid7(), key, order_id
    locked.save(update_fields=["order_key", "ordered_key", "ordered_id"])


def _cart_item_ordered(item: CartItem, quantity: int) -> None:
    if quantity >= item.quantity:
        item.delete()
    elif quantity:
        item.quantity -= quantity
        item.save(update_fields=["quantity"])


@transaction.atomic
def cart_rekey(*, cart: Cart, key: UUID) -> None:
    """What the cart holds now is another order than the one that has this key."""
    locked = Cart.objects.select_for_update(no_key=True).get(pk=cart.pk)
    if locked.key == key:
        locked.order_key = uuid7()
        locked.save(update_fields=["order_key"])
