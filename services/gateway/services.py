"""What the gateway does: hands a request on to the service that it is for."""

import requests
from django.conf import settings
from django.http import HttpRequest

from flotilla import context, timing
from flotilla.api.identity import HEADER as IDENTITY
from flotilla.clients import KEY
from flotilla.requests.headers import is_safe
from gateway import upstreams
from gateway.bodies import body_of
from gateway.callers import caller_of, identity_for
from gateway.headers import inwards
from gateway.refusals import Refused
from gateway.routes import Key, Route, Wait


def request_forward(*, request: HttpRequest, route: Route, path: str) -> upstreams.Answer:
    """The answer to the request, which is asked for `path` at the route's service. Raises Refused."""
    caller = caller_of(request.META.get("HTTP_AUTHORIZATION", ""), route.who)
    headers = inwards(request.META) | {"Accept-Encoding": "identity"} | _key(request, route)
    if caller is not None:
        headers[IDENTITY] = identity_for(caller, route.service)
    query = request.META.get("QUERY_STRING", "")
    url = f"http://{route.service}/{path}" + (f"?{query}" if query else "")
    prepared = requests.Request(request.method, url, headers=headers, data=body_of(request)).prepare()
    seconds = _deadline(route)
    safe = is_safe(request.method or "")
    answer = upstreams.of(route.service).ask(
        prepared, kind=upstreams.SAFE if safe else upstreams.UNSAFE, seconds=seconds / 2 if safe else seconds
    )
    timing.note(service=answer.headers.get("X-Served-By", route.service))
    return answer


def _key(request: HttpRequest, route: Route) -> dict[str, str]:
    """Under which it takes effect once, however often and through whichever gateway it is sent."""
    if is_safe(request.method or ""):
        return {}
    given = request.META.get("HTTP_IDEMPOTENCY_KEY", "").strip()
    if route.key is Key.REQUIRED and not given:
        raise Refused(400, f"The header {KEY} is required: a key of your choice, for this and nothing else.")
    return {KEY: given or _state().request_id}


def _deadline(route: Route) -> float:
    """How long its answer may take; nothing of this request is begun after that."""
    reads = route.wait is Wait.READ
    seconds = settings.GATEWAY_SAFE_SECONDS if reads else settings.GATEWAY_UNSAFE_SECONDS
    state = _state()
    state.deadline = min(state.deadline, state.started + seconds)
    return seconds


def _state() -> context.RequestState:
    return context.current() or context.RequestState()
