"""What every page's frame needs: the departments, who is looking, how full the cart is."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from web import selectors


def visitor(request: HttpRequest):
    """The logged-in user or None. Without its cookie the session is not even touched: such pages stay cacheable."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    return request.user if request.user.is_authenticated else None


def cart_size(request: HttpRequest) -> int:
    user, cart_id = visitor(request), getattr(request, "cart_id", None)
    if user:
        return selectors.cart_size(owner=user)
    return selectors.cart_size(cart_id=cart_id) if cart_id else 0


def shop(request: HttpRequest) -> dict:
    return {
        "departments": SimpleLazyObject(selectors.category_list),
        "visitor": SimpleLazyObject(lambda: visitor(request)),
        "cart_size": SimpleLazyObject(lambda: cart_size(request)),
        # A page that is not public may carry its tokens itself.
        "personal": getattr(request, "personal", True),
    }
