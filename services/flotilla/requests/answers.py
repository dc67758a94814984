"""Answers that the library gives by itself, from the service's template `<status>.html` when it has one."""

import logging
import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader
from django.utils.html import escape
from django.views import debug

from flotilla import context, metrics
from flotilla.requests import problem

logger = logging.getLogger("flotilla.requests")

RETRY_AFTER_SECONDS = 5
TITLES = {
    400: "Bad request",
    409: "Still in progress",
    413: "Too large",
    414: "Too long",
    422: "Request key used before",
    500: "Error",
    503: "Back in a moment",
}


def refuse(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """A 4xx of ours, logged with the request's id."""
    logger.warning(detail, extra={"status_code": status, "method": request.method, "path": request.path})
    return _page(request, status, detail)


def in_progress(request: HttpRequest) -> HttpResponse:
    """409 with Retry-After for a second arrival, when the time is over and the first is still at work."""
    response = refuse(request, 409, "The first request with this key is still being worked on. Please ask again.")
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def unavailable(request: HttpRequest, kind: str) -> HttpResponse:
    """503 with Retry-After: final at every proxy, counted apart from failures."""
    detail = "The database is changing hands. Nothing was lost; please try again."
    return _later(request, kind, "no database in time", detail)


def overloaded(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After for a request that was not begun, for others have all the turns."""
    detail = "There is too much to do just now. Nothing was done; please try again."
    return _later(request, "busy", "no turn in time", detail)


def _later(request: HttpRequest, kind: str, why: str, detail: str) -> HttpResponse:
    metrics.UNAVAILABLE.labels(kind).inc()
    logger.warning(why, extra={"status_code": 503, "method": request.method, "path": request.path})
    response = _page(request, 503, detail)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """500 for the exception being handled: logged once, here."""
    logger.error(
        "unhandled exception", exc_info=True, extra={"status_code": 500, "method": request.method, "path": request.path}
    )
    if settings.DEBUG:
        return debug.technical_500_response(request, *sys.exc_info())
    return _page(request, 500, "Something went wrong on our side.")


def whole(response: HttpResponse) -> HttpResponse:
    """A streamed answer gathered, as only a whole one can be stored."""
    if not response.streaming:
        return response
    gathered = HttpResponse(b"".join(response), status=response.status_code, headers=dict(response.items()))
    gathered.cookies = response.cookies
    response.close()
    return gathered


def _page(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """The service's template `<status>.html`; without one, a plain page; for an API, problem details."""
    if _wants_json(request):
        response = problem.response(status, detail)
    else:
        state = context.current()
        response = HttpResponse(_html(status, detail, state.request_id if state else "-"), status=status)
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    response._has_been_logged = True  # Django's own mark: one line per answer
    return response


def _html(status: int, detail: str, request_id: str) -> str:
    """An error page must come even when the template is what is broken."""
    try:
        words = {"title": TITLES[status], "detail": detail, "request_id": request_id}
        return loader.get_template(f"{status}.html").render(words)
    except TemplateDoesNotExist:
        pass
    except Exception:
        logger.exception("the template of an error page failed", extra={"status_code": status})
    title = TITLES[status]
    text = f"<h1>{title}</h1><p>{escape(detail)}<p>Request {escape(request_id)}"
    return f"<!doctype html><title>{title}</title>{text}"


def _wants_json(request: HttpRequest) -> bool:
    """Always in a service that is an API (PROBLEM_DETAILS, see flotilla.api.settings)."""
    if getattr(settings, "PROBLEM_DETAILS", False):
        return True
    accept = request.META.get("HTTP_ACCEPT", "")
    return request.path_info.startswith("/api/") or ("json" in accept and "html" not in accept)
