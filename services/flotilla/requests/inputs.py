"""Refuses what no view should ever see: broken UTF-8, NUL bytes, bodies and URLs that are too large."""

import codecs
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from flotilla.requests import answers, headers
from flotilla.requests.copies import fresh

LONGEST_URL = 8000  # RFC 9110, 4.1 asks for at least that


class AddressMiddleware:
    """400 or 414 for the address alone: for a service that hands bodies on, and does not read them itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.refused(request) or self.get_response(request)

    def refused(self, request: HttpRequest) -> HttpResponse | None:
        query = request.META.get("QUERY_STRING", "")
        if len(request.path_info) + len(query) > LONGEST_URL:
            return answers.refuse(request, 414, "The URL is too long.")
        # Broken UTF-8 in the path Django has made into percent signs already: no such page, 404.
        if "\0" in request.path_info or not _is_clean(unquote_to_bytes(query.replace("+", " "))):
            return answers.refuse(request, 400, "The URL is not UTF-8, or has a NUL byte.")
        return None


class InputMiddleware(AddressMiddleware):
    """400, 413 or 414 before anything is read from a database."""

    def refused(self, request: HttpRequest) -> HttpResponse | None:
        if refused := super().refused(request):
            return refused
        if not _claims_utf8(request):
            return answers.refuse(request, 400, "Text is taken as UTF-8 only: leave the charset out.")
        return None if headers.is_safe(request.method or "") else _refuse_body(request)


def _refuse_body(request: HttpRequest) -> HttpResponse | None:
    """Parses a copy, so that the views' own parsing cannot fail any more."""
    try:
        body, fields = request.body, list(fresh(request).POST.lists())
    except RequestDataTooBig:
        return answers.refuse(request, 413, "The request is too large.")
    except (SuspiciousOperation, MultiPartParserError, BadRequest, UnreadablePostError):
        return answers.refuse(request, 400, "The request cannot be read.")
    encoded = request.content_type == "application/x-www-form-urlencoded"
    nul = any("\0" in text for name, values in fields for text in (name, *values))
    if nul or (encoded and not _is_clean(unquote_to_bytes(body.replace(b"+", b" ")))):
        return answers.refuse(request, 400, "The form is not UTF-8, or has a NUL byte.")
    return None


def _claims_utf8(request: HttpRequest) -> bool:
    """Django decodes the query by the charset of the body's type, and some that Python knows are none for text."""
    return codecs.lookup(request.encoding or "utf-8").name == "utf-8"


def _is_clean(text: bytes) -> bool:
    try:
        return "\0" not in text.decode()
    except UnicodeDecodeError:
        return False
