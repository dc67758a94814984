"""Reading the query string, strictly."""

from django.http import Http404, HttpRequest


def page_number(request: HttpRequest) -> int:
    """`?page=`, from 1. What cannot be a page's number is a page that does not exist."""
    value = request.GET.get("page", "1")
    if not (value.isascii() and value.isdigit() and len(value) <= 6 and int(value) >= 1):
        raise Http404
    return int(value)


def choice(request: HttpRequest, name: str, choices, default: str) -> str:
    value = request.GET.get(name, default)
    if value not in choices:
        raise Http404
    return value
