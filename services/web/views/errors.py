"""Error pages: one template, no database, no session, always with the request id."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from flotilla import context

RETRY_AFTER_SECONDS = 5


def error_page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The styled page for an error status: the template `<status>.html`, which the library uses for its own too."""
    state = context.current()
    words = {"detail": detail, "request_id": state.request_id if state else ""}
    response = HttpResponse(render_to_string(f"{status}.html", words), status=status)
    response["Cache-Control"] = "no-store"
    if status in (429, 503):
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
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
