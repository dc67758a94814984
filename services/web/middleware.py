"""Refuses cookies that are not ours, before any view or database sees them; and gives 405 answers a page."""

import re

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from web.carts import COOKIE, cart_id_read
from web.views.errors import error_page

SESSION_KEY = re.compile(r"[a-z0-9]{32}")


class OwnCookies:
    """400 for cookies that we cannot have set; they are taken back, so that the visitor's next request is a good one.

    Leaves the guest's cart id in `request.cart_id`. Broken text in the URL or the body is the library's to refuse.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session and not SESSION_KEY.fullmatch(session):
            return _without_cookie(request, settings.SESSION_COOKIE_NAME)
        try:
            request.cart_id = cart_id_read(request)
        except (BadSignature, ValueError):
            return _without_cookie(request, COOKIE)
        return self.get_response(request)


def _without_cookie(request: HttpRequest, name: str) -> HttpResponse:
    response = error_page(
        request, 400, f"The cookie “{name}” is not one of ours. It has been removed; please try again."
    )
    response.delete_cookie(name, samesite="Lax")
    return response


class NotAllowedPage:
    """The styled page for Django's 405, which has no body; `Allow` stays."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = error_page(request, 405)
        page["Allow"] = response["Allow"]
        return page
