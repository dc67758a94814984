"""Runs what is inside it again when its database went away: safe requests here, unsafe ones through `keys`.

Sits outside sessions and authentication, so that a second run starts from the request as it arrived. Exceptions
reach it because DEBUG_PROPAGATE_EXCEPTIONS is set; what it cannot mend it answers, and logs, as 500.
"""

import logging
from collections.abc import Callable

from django.db import Error, connections
from django.http import HttpRequest, HttpResponse

from flotilla import context, metrics
from flotilla.db import errors
from flotilla.db.errors import Kind
from flotilla.keys import run as keys
from flotilla.keys.reading import database_of
from flotilla.requests import answers, headers
from flotilla.requests.copies import fresh

logger = logging.getLogger(__name__)

RUNS = 3


class RerunMiddleware:
    """The boundary of what may happen twice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        state = context.current() or context.RequestState()
        try:
            if headers.is_safe(request.method or ""):
                return self._safe(request, state)
            home = database_of(request)
            if home is None:
                return self._without_effect(request, state)
            state.home = home
            return keys.run(request, self.get_response, state)
        except Exception:
            return answers.failed(request)

    def _without_effect(self, request: HttpRequest, state: context.RequestState) -> HttpResponse:
        """An unsafe method that changes nothing, such as a login: no key, no turn, and it need not wait for a primary.

        What it decides must be true now: it reads from the primary while there is one.
        """
        state.policy, state.prefer_primary = context.Policy.FAIL_FAST, True
        return self._safe(request, state)

    def _safe(self, request: HttpRequest, state: context.RequestState) -> HttpResponse:
        for attempt in range(1, RUNS + 1):
            try:
                return self.get_response(fresh(request))
            except Error as error:
                kind = errors.kind(error)
                if kind is Kind.OTHER:
                    raise
                _let_go(state, kind)
                logger.warning(
                    "request met a lost database: %s",
                    errors.in_short(error),
                    extra={"attempt": attempt, "kind": kind.value},
                )
                if state.remaining() == 0:
                    break
            metrics.RERUNS.labels("safe").inc()
        return answers.unavailable(request, "safe")


def _let_go(state: context.RequestState, kind: Kind) -> None:
    """The next run reads elsewhere: a replica that cancelled a read for its replay, or has no room to sort, too."""
    if kind in {Kind.CONFLICT, Kind.FULL} and state.replica:
        state.avoid.add(state.replica)
    state.replica = None
    for alias in state.avoid & set(connections):
        connections[alias].close()
