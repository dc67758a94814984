"""The cart: kept in the database, found by the account or by the guest's signed cookie."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from web import selectors, services
from web.carts import cart_id_write
from web.context import visitor
from web.forms import CartAddForm, CartItemForm
from web.models import Cart, CartItem, Product
from web.views.catalogue import product_or_404
from web.views.errors import error_page


def current_cart(request: HttpRequest) -> Cart | None:
    if user := visitor(request):
        return selectors.cart_of_owner(owner=user)
    return selectors.cart_of_guest(cart_id=request.cart_id) if request.cart_id else None


def new_cart(request: HttpRequest) -> Cart:
    user = visitor(request)
    return services.cart_for_owner(owner=user) if user else services.cart_create()


def cart_lines(request: HttpRequest) -> list:
    if user := visitor(request):
        return selectors.cart_items(owner=user)
    return selectors.cart_items(cart_id=request.cart_id) if request.cart_id else []


@never_cache
@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    return render(request, "web/cart.html", cart_context(request))


def cart_context(request: HttpRequest, problem: str = "", *, lines: Sequence[CartItem] | None = None) -> dict:
    lines = cart_lines(request) if lines is None else lines
    rows = [(line, selectors.picture_name(line.product.motif, line.product.slug)) for line in lines]
    total = sum(line.total_cents for line in lines)
    return {"rows": rows, "total_cents": total, "cart_size": sum(line.quantity for line in lines), "problem": problem}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """POST puts the product into the cart; GET is the same form with its token, for browsers without JavaScript."""
    product = product_or_404(slug)
    form = CartAddForm(
        request.POST if request.method == "POST" else None, initial={"quantity": quantity_asked(request)}
    )
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "web/add.html", {"product": product, "form": form}, status=status)
    found = current_cart(request)
    cart = found or new_cart(request)
    try:
        services.cart_item_add(cart=cart, product=product, quantity=form.cleaned_data["quantity"])
    except services.NotSold as refusal:
        form.add_error(None, str(refusal))
        return render(request, "web/add.html", {"product": product, "form": form}, status=409)
    response = redirect("cart")
    if not found and cart.owner_id is None:
        cart_id_write(response, cart.pk)
    return response


def quantity_asked(request: HttpRequest) -> str:
    value = request.GET.get("quantity", "1")
    return value if value.isascii() and value.isdigit() and len(value) <= 2 else "1"


@never_cache
@require_POST
def change(request: HttpRequest, product_id: UUID) -> HttpResponse:
    """Set a line's quantity; 0 takes it out, also of what is no longer sold."""
    found, form = current_cart(request), CartItemForm(request.POST)
    if found is None:
        return error_page(request, 404, "This cart does not exist any more.")
    product = get_object_or_404(Product, pk=product_id)
    if not form.is_valid():
        return problem(request, f"{product.name}: give a quantity from 0 to 99.", 422)
    try:
        services.cart_item_set(cart=found, product=product, quantity=form.cleaned_data["quantity"])
    except services.NotSold as refusal:
        return problem(request, str(refusal), 409)
    return redirect("cart")


def problem(request: HttpRequest, words: str, status: int, *, orders: bool = False) -> HttpResponse:
    """The cart as it is, and what is wrong; `orders`: with the way to one's orders."""
    return render(request, "web/cart.html", cart_context(request, words) | {"see_orders": orders}, status=status)
