"""How the gateway is called: every call ends before its request does. A refusal is an exception, named after what it
means; whatever is no answer is Away.
"""

import logging
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import requests
from django.conf import settings

from flotilla import clients, context
from flotilla.context import Policy
from flotilla.uuid7 import uuid7

logger = logging.getLogger(__name__)

PAGE_SECONDS = 9.0  # for all calls of a page: after 10 s the balancer asks another replica for it
FORM_SECONDS = 39.0  # for all calls of a form: whoever is further inside may hold a write for 30 s
AGAIN_SECONDS = 5


class Away(Exception):
    """No answer in time, or none that can be used. Whether the call had an effect is not known."""

    def __init__(self, why: str, again: int = AGAIN_SECONDS):
        super().__init__(why)
        self.again = again
        logger.warning("the gateway gives no answer: %s", why)


class Refused(Exception):
    """The API says no. `errors`: (field, what is wrong with it); `again`: after how many seconds to come again."""

    def __init__(self, detail: str, errors: Sequence[tuple[str, str]] = (), again: int | None = None):
        super().__init__(detail)
        self.errors, self.again = errors, again


class Invalid(Refused):
    """What was sent does not fit."""


class LoginNeeded(Refused):
    """A wrong password, or a token that is no good any more."""


class Forbidden(Refused):
    """Known, and not allowed."""


class NotFound(Refused):
    """There is none, or it is somebody else's."""


class Conflict(Refused):
    """It does not fit to what is there: the address is taken, the order is over."""


class TooMany(Refused):
    """Too often in a short time."""


REFUSALS: dict[int, type[Refused]] = {
    400: Invalid,
    401: LoginNeeded,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    429: TooMany,
}


def call(method: str, path: str, *, access: str = "", key: str = "", body: Any = None, query: Any = None) -> Any:
    """The answer's JSON. Half of the time is for the second way, by which the call is sent again under its key."""
    seconds = _seconds_left()
    headers = {"X-Deadline": f"{time.time() + seconds:.3f}"}
    if access:
        headers["Authorization"] = f"Bearer {access}"
    if method != "GET":
        headers["Idempotency-Key"] = key or str(uuid7())
    try:
        url, options = f"http://gateway/api/{path}", {"headers": headers, "timeout": seconds / 2}
        answer = _session(settings.FLOTILLA.gateway_urls).request(method, url, json=body, params=query, **options)
    except requests.RequestException as error:
        raise Away(f"{method} {path}: {error}") from error
    return _content(answer)


def _seconds_left() -> float:
    if not settings.FLOTILLA.gateway_urls:
        raise Away("GATEWAY_URLS is not set: give it the addresses of the gateway")
    state = context.current() or context.RequestState()
    allowed = FORM_SECONDS if state.policy is Policy.HOLD else PAGE_SECONDS
    left = min(state.remaining(), state.started + allowed - time.monotonic())
    if left <= 0:
        raise Away("no time is left to ask")
    return left


@cache
def _session(urls: tuple[str, ...]) -> requests.Session:
    return clients.session("gateway", urls)


def _content(answer: requests.Response) -> Any:
    said = _json(answer)
    if answer.ok and said is not None:
        return said
    problem = said if isinstance(said, dict) else {}
    detail, again = str(problem.get("detail") or answer.reason), _whole(answer.headers.get("Retry-After", ""))
    kind = REFUSALS.get(answer.status_code)
    # 409 with Retry-After: still at work on the first sending of the same. As good as no answer yet.
    if kind is None or (kind is Conflict and again):
        raise Away(f"{answer.status_code} {detail}", again or AGAIN_SECONDS)
    raise kind(detail, _errors(problem), again)


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return None


def _errors(problem: dict[str, Any]) -> list[tuple[str, str]]:
    listed = problem.get("errors")
    found = [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []
    return [(str(error.get("field", "")), str(error.get("detail", ""))) for error in found]


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
