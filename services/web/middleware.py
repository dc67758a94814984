"""Refuses what no browser of ours would send, before any view or database sees it."""

import re
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from web.carts import COOKIE, cart_id_read
from web.views.errors import error_page

SESSION_KEY = re.compile(r"[a-z0-9]{32}")


class StrictInput:
    """400 for a query that is not UTF-8, and for cookies that we cannot have set; those are also taken back,
    so that the visitor's next request is a good one. Leaves the guest's cart id in `request.cart_id`.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_text(request.META.get("QUERY_STRING", "")):
            return error_page(request, 400, "The address contains characters that are not text.")
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session is not None and not SESSION_KEY.fullmatch(session):
            return _without_cookie(request, settings.SESSION_COOKIE_NAME)
        try:
            request.cart_id = cart_id_read(request)
        except (BadSignature, ValueError):
            return _without_cookie(request, COOKIE)
        return self.get_response(request)


def _is_text(query: str) -> bool:
    try:
        return "\0" not in unquote_to_bytes(query.encode("latin-1", "surrogateescape")).decode("utf-8")
    except UnicodeError:
        return False


def _without_cookie(request: HttpRequest, name: str) -> HttpResponse:
    response = error_page(request, 400, f"The cookie “{name}” is not one of ours. It has been removed; please try again.")
    response.delete_cookie(name, samesite="Lax")
    return response
