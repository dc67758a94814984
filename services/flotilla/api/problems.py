"""Problem details for Django REST framework, and for what never reaches a view of it.

REST_FRAMEWORK["EXCEPTION_HANDLER"] is `answer`; a URLconf names the `handler…` functions. What is no refusal, such as
an error of the database, travels on to RerunMiddleware, which runs the request again or answers.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.settings import api_settings

from flotilla.requests import problem

# What any request can be answered: broken text, a bad identity, an Accept without JSON, a long URL, no database.
ANY = (400, 401, 406, 414, 503)
# And one that sends something: no right to, no body of ours, too large, a key used for another request.
SENDING = (403, 413, 415, 422)


class Conflict(exceptions.APIException):
    """409: the request is well, and does not fit to what is there."""

    status_code = 409
    default_detail = "This does not fit to what is there."
    default_code = "conflict"


def answer(exception: Exception, context: dict[str, Any]) -> Response | None:
    """The exception as problem details; None when it is no refusal, so that it is raised on."""
    refusal = _refusal(exception)
    if refusal is None:
        return None
    body = _members(refusal)
    headers = {"Cache-Control": "no-store", **_headers(refusal)}
    return Response(body, status=refusal.status_code, headers=headers, content_type=problem.MEDIA_TYPE)


def _refusal(exception: Exception) -> exceptions.APIException | None:
    if isinstance(exception, Http404):
        return exceptions.NotFound()
    if isinstance(exception, PermissionDenied):
        return exceptions.PermissionDenied()
    return exception if isinstance(exception, exceptions.APIException) else None


def _members(refusal: exceptions.APIException) -> dict[str, Any]:
    if isinstance(refusal, exceptions.ValidationError):
        errors = list(flat(refusal.detail))
        return problem.members(refusal.status_code, "The request is not valid: see errors.", errors=errors)
    return problem.members(refusal.status_code, str(refusal.detail))


def _headers(refusal: exceptions.APIException) -> dict[str, str]:
    header, wait = getattr(refusal, "auth_header", None), getattr(refusal, "wait", None)
    return ({"WWW-Authenticate": header} if header else {}) | ({"Retry-After": f"{wait:.0f}"} if wait else {})


def flat(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """The errors of a serializer, however deep: `items[2].quantity` is the third item's; '' is the whole."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flat(inner, _joined(field, name))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            yield from flat(inner, _joined(field, place) if isinstance(inner, dict | list) else field)
    else:
        yield {"field": field, "detail": str(detail)}


def _joined(field: str, name: str | int) -> str:
    if name == api_settings.NON_FIELD_ERRORS_KEY:
        return field
    if isinstance(name, int):
        return f"{field}[{name}]"
    return f"{field}.{name}" if field else name


# -- What never reaches a view: `handler404 = "flotilla.api.problems.handler404"` --------------------------------------


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem.response(400, "The request cannot be understood.")


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem.response(403, "You may not do this.")


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem.response(404, "There is nothing at this address.")


def handler500(request: HttpRequest) -> HttpResponse:
    return problem.response(500, "Something went wrong on our side.")


# -- For the schema ----------------------------------------------------------------------------------------------------


class FieldError(serializers.Serializer):
    field = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class Problem(serializers.Serializer):
    """RFC 9457, with the request's id; `errors` where the fields of a request are wrong."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldError(many=True, required=False)


def documented(*statuses: int) -> dict[tuple[int, str], type[Problem]]:
    """For `@extend_schema(responses={200: …} | documented(404))`: these, and what any request can be answered."""
    return {(status, problem.MEDIA_TYPE): Problem for status in sorted({*ANY, *statuses})}
