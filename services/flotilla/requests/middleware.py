"""The outermost middleware: opens the request's state, and reports it in the answer's headers."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from flotilla import context, metrics, timing
from flotilla.db import position
from flotilla.requests import headers


class RequestMiddleware:
    """Request id, deadline, policy and position in; X-Request-ID, X-Served-By, Server-Timing and position out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        state = _state_of(request)
        kind = "safe" if headers.is_safe(request.method or "") else "unsafe"
        with context.use(state), metrics.REQUESTS_ACTIVE.labels(kind).track_inprogress():
            response = self.get_response(request)
            position.remember(state, response)
            if response.status_code >= 400:  # here, while the line can still carry the request's id
                log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        for alias in state.aliases:
            metrics.READS.labels(alias).inc()
        response["X-Request-ID"] = state.request_id
        replica = settings.FLOTILLA.replica
        response["X-Served-By"] = replica
        response["Server-Timing"] = timing.header(state, replica=replica, seconds=time.monotonic() - state.started)
        return response


def _state_of(request: HttpRequest) -> context.RequestState:
    options, meta = settings.FLOTILLA, request.META
    trusted = meta.get("REMOTE_ADDR", "") in options.trusted_proxies
    started = time.monotonic()
    seconds = headers.deadline(meta, limit=options.request_seconds, trusted=trusted)
    safe = headers.is_safe(request.method or "")
    return context.RequestState(
        request_id=headers.request_id(meta),
        client_request_id=headers.client_request_id(meta),
        address=meta.get("HTTP_X_REAL_IP", "") or meta.get("REMOTE_ADDR", ""),
        policy=context.Policy.FAIL_FAST if safe else context.Policy.HOLD,
        started=started,
        deadline=started + seconds,
        hold_until=started + min(seconds, options.write_hold_seconds),
        position=position.of(request),
        prefer_primary=request.path_info.startswith(options.primary_paths),
    )
