"""Error pages: one template, no database, no session, always with the request id."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

TITLES = {
    400: "We could not read that",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible here",
    409: "Already done",
    413: "Too much at once",
    429: "A moment, please",
    500: "Something broke on our side",
    503: "Back in a moment",
}
DETAILS = {
    400: "The request was not valid. Please check the address or go back and try again.",
    403: "You may not do this, or the page was open for too long. Reload it and try again.",
    404: "This page does not exist, or no longer does.",
    405: "This address does not accept that kind of request.",
    409: "This has been done before.",
    413: "What you sent is larger than we accept.",
    429: "That were many requests in a short time. Wait a little and try again.",
    500: "It has been logged. Please try again in a minute.",
    503: "The shop is busy with itself. Please try again in a few seconds.",
}


def request_id(request: HttpRequest) -> str:
    return getattr(request, "request_id", None) or request.headers.get("X-Request-ID", "")


def error_page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The styled page for an error status."""
    context = {
        "status": status,
        "title": TITLES[status],
        "detail": detail or DETAILS[status],
        "request_id": request_id(request),
    }
    response = HttpResponse(render_to_string("web/error.html", context), status=status)
    response["Cache-Control"] = "no-store"
    if status in (429, 503):
        response["Retry-After"] = "5"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, str(exception))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, 403, "The form's token is missing or too old. Reload the page and send it again.")
