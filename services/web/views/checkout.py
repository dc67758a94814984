"""Ordering what is in the cart: the order is the orders service's, and its key is the cart's.

Idempotent by itself: the same form again, or at the same time, is the same order, and empties the cart once. Whatever
goes wrong, the cart is kept.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from flotilla.keys.marks import idempotent
from web import calls, gateway, ordering, selectors, tokens
from web.forms import CheckoutForm
from web.models import Cart, CartItem, User
from web.views import cart as cart_page
from web.views.members import again_later, for_members

ITEM = re.compile(r"items\[(\d{1,3})\]")  # where a refusal's field names one

CHANGED = "Your cart is not what it was when you looked at it. Here it is now: please look once more, and order then."
BEFORE = "An order from this cart has gone through already, and the cart has changed since. Look at your orders first: "
BEFORE += "ordering now would be a second one."
AWAY = "Orders cannot be taken at the moment. Your cart is kept; please try again in a moment: it will be ordered once."


@never_cache
@idempotent
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def checkout(request: HttpRequest) -> HttpResponse:
    """GET shows what will be ordered."""
    lines = selectors.cart_items(owner=request.user)
    if request.method == "POST":
        return place(request, lines)
    if not lines:
        return redirect("cart")
    problem = ordering.obstacle(lines)
    if problem:
        return cart_page.problem(request, problem, 409)
    return render(request, "web/checkout.html", cart_page.cart_context(request, lines=lines) | {"cart": lines[0].cart})


def place(request: HttpRequest, lines: Sequence[CartItem]) -> HttpResponse:
    """The cart that the form was made for; the order, when that has been placed already."""
    form = CheckoutForm(request.POST)
    key = form.cleaned_data["cart"] if form.is_valid() else None
    cart = cart_of(request.user, lines)
    if cart and key and cart.ordered_key == key:
        return redirect("order", cart.ordered_id)
    problem = CHANGED if not lines or lines[0].cart.key != key else ordering.obstacle(lines)
    if problem:
        return cart_page.problem(request, problem, 409)
    return order(request, lines, key)


def cart_of(owner: User, lines: Sequence[CartItem]) -> Cart | None:
    """Of the same moment as its lines."""
    return lines[0].cart if lines else selectors.cart_of_owner(owner=owner)


def order(request: HttpRequest, lines: Sequence[CartItem], key: UUID) -> HttpResponse:
    cart, wanted = lines[0].cart, ordering.quantities(lines)
    try:
        placed = tokens.ask(request, gateway.order_place, key=key, quantities=wanted)
    except gateway.KeyUsed:
        return ordered_before(request, cart, key)
    except calls.Invalid as refusal:
        return cart_page.problem(request, said_of(lines, [*wanted], refusal), 422)
    except calls.Away as away:
        return again_later(cart_page.problem(request, AWAY, 503), away.again)
    ordering.cart_ordered(cart=cart, key=key, order_id=placed.id, quantities=wanted)
    return redirect("order", placed.id)


def ordered_before(request: HttpRequest, cart: Cart, key: UUID) -> HttpResponse:
    """Placed with other contents: a moment ago, or by a form whose answer never came."""
    now = selectors.cart_of_owner(owner=request.user)
    if now and now.ordered_key == key:
        return redirect("order", now.ordered_id)
    ordering.cart_rekey(cart=cart, key=key)
    return cart_page.problem(request, BEFORE, 409, orders=True)


def said_of(lines: Sequence[CartItem], ids: Sequence[UUID], refusal: calls.Refused) -> str:
    """The items of the order by their names."""
    names = {line.product_id: line.product.name for line in lines}
    places = [int(found[1]) for field, _ in refusal.errors if (found := ITEM.match(field))]
    wrong = dict.fromkeys(names[ids[place]] for place in places if place < len(ids))
    if not wrong:
        return f"This cannot be ordered: {'; '.join(words for _, words in refusal.errors)}"
    return f"This cannot be ordered any more: {', '.join(wrong)}. Please remove it from the cart, then order."
