"""One's orders. A page's script asks for the status alone and shows what has become of the order; without script the
page comes again by itself while the order is pending.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from flotilla import context
from flotilla.keys.marks import idempotent
from web import calls, gateway, selectors, tokens
from web.gateway import Order
from web.views.members import for_members

PENDING = "pending"
CAN_BE_CANCELLED = (PENDING, "confirmed")


@never_cache
@require_safe
@for_members
def orders(request: HttpRequest) -> HttpResponse:
    page = tokens.ask(request, gateway.order_page, cursor=request.GET.get("page", ""))
    return render(request, "web/orders.html", {"page": page})


@never_cache
@require_safe
@for_members
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    found = tokens.ask(request, gateway.order_get, order_id=order_id)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"status": found.status})
    return render(request, "web/order.html", order_context(found))


def order_context(order: Order, problem: str = "") -> dict:
    known = selectors.products_known(ids=[line.product_id for line in order.items])
    products = [known.get(line.product_id) for line in order.items]
    pictures = [selectors.picture_name(product.motif, product.slug) if product else "" for product in products]
    return {
        "order": order,
        "rows": list(zip(order.items, products, pictures, strict=True)),
        "can_be_cancelled": order.status in CAN_BE_CANCELLED,
        "problem": problem,
    }


@never_cache
@idempotent
@require_POST
@for_members
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    try:
        tokens.ask(request, gateway.order_cancel, order_id=order_id, key=context.current().request_key)
    except calls.Conflict:
        found = tokens.ask(request, gateway.order_get, order_id=order_id)
        words = f"This order is {found.status}, and cannot be cancelled any more."
        return render(request, "web/order.html", order_context(found, words), status=409)
    return redirect("order", order_id)
