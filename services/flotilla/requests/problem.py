"""Problem details (RFC 9457): how an API says what went wrong."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from flotilla import context

MEDIA_TYPE = "application/problem+json"


def members(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """type, title, status, detail, request_id, and what else is given."""
    state = context.current()
    return {
        "type": "about:blank",  # says no more than its status; the title is the status' own phrase (RFC 9457, 4.2.1)
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": state.request_id if state else "-",
        **more,
    }


def response(status: int, detail: str, **more: Any) -> HttpResponse:
    """The whole answer, never to be kept by a cache."""
    content = json.dumps(members(status, detail, **more))
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
