"""The cookie that knows a guest's cart: its id, signed. No secret in it, but nobody can guess another's."""

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

COOKIE = "cart"
MAX_AGE = 60 * 24 * 3600


def _signer() -> Signer:
    return Signer(salt="web.cart")


def cart_id_read(request: HttpRequest) -> UUID | None:
    """The guest's cart id, None without a cookie. Raises BadSignature or ValueError for one we never made."""
    value = request.COOKIES.get(COOKIE)
    return UUID(_signer().unsign(value)) if value else None


def cart_id_write(response: HttpResponse, cart_id: UUID) -> None:
    response.set_cookie(
        COOKIE,
        _signer().sign(str(cart_id)),
        max_age=MAX_AGE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def cart_id_forget(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


__all__ = ["COOKIE", "BadSignature", "cart_id_forget", "cart_id_read", "cart_id_write"]
