"""Running an unsafe request: once, whatever proxies, people and failovers do.

    transaction: claim the key -> the request -> store its answer -> COMMIT

- Broken before COMMIT, or refused for want of room: nothing happened; the request is run again.
- The COMMIT's answer lost: the request is run again, and the claim tells: it finds the key, or there was no effect.
- Answered 4xx or 5xx: rolled back, nothing is stored, and the same key may be used again.
- A second arrival: waits for the first at the claim, then gets the stored answer; with another body, 422; when the
  first is still at work at the deadline, 409.
- A view with the mark of `marks` claims nothing and gets no transaction around it: it is only run again.
"""

import logging
import random
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse

from flotilla import limiter, metrics
from flotilla.context import RequestState
from flotilla.db import errors
from flotilla.db.backend.base import CommitInDoubt, PrimaryUnavailable
from flotilla.db.errors import Kind
from flotilla.keys import marks, store
from flotilla.keys.identity import BadKey
from flotilla.keys.reading import Identified, identify
from flotilla.requests import answers
from flotilla.requests.copies import fresh

logger = logging.getLogger(__name__)

LEAST_SECONDS = 0.5  # with less left, another run could not answer in time
LEAST_WAITING_SECONDS = 2.0  # nor one that pauses, and then waits at the claim for its second again
PAUSE_SECONDS = 0.5  # at most, between two runs
FULL_SECONDS = 2.0  # a server that has no room is not asked more often: its errors take up room as well

Handler = Callable[[HttpRequest], HttpResponse]


class _Refused(Exception):
    """Carries a 4xx or 5xx answer out of the transaction, which rolls it back."""

    def __init__(self, response: HttpResponse):
        self.response = response


def run(request: HttpRequest, handle: Handler, state: RequestState) -> HttpResponse:
    """The answer to an unsafe request: its own, the stored one, 400, 409, 422, or 503."""
    try:
        identified = identify(request, state.request_id)
    except BadKey as error:
        return answers.refuse(request, 400, str(error))
    state.request_key, state.idempotent = str(identified.id), marks.is_idempotent(request)
    try:
        with limiter.of(settings.FLOTILLA.writes_at_once).turn(state):
            return _settled(request, handle, identified, state)
    except limiter.Overloaded:
        return answers.overloaded(request)


def _settled(request: HttpRequest, handle: Handler, identified: Identified, state: RequestState) -> HttpResponse:
    """Run until there is an answer that may be given."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return _once(request, handle, identified, state)
        except PrimaryUnavailable:
            return answers.unavailable(request, "unsafe")
        except Error as error:
            kind = errors.kind(error)
            if kind is Kind.OTHER:
                raise
            if _is_over(error, kind, state):
                return _too_late(request, error)
            metrics.RERUNS.labels("unsafe").inc()
            logger.warning(
                "request is run again: %s", errors.in_short(error), extra={"attempt": attempt, "kind": kind.value}
            )
            _pause(kind, attempt, state)


def _is_over(error: Error, kind: Kind, state: RequestState) -> bool:
    held = time.monotonic() > state.hold_until and not _settles(error, kind)
    return held or state.remaining() < _least(error, kind)


def _pause(kind: Kind, attempt: int, state: RequestState) -> None:
    """Who waits for room does so beside the others, some of whom need none."""
    if kind is not Kind.FULL:
        time.sleep(random.uniform(0, min(0.02 * 2**attempt, PAUSE_SECONDS)))
        return
    with state.aside():
        time.sleep(random.uniform(FULL_SECONDS / 2, FULL_SECONDS))


def _least(error: Error, kind: Kind) -> float:
    """What must be left of the request's time for another run, and the pause before it."""
    if kind is Kind.FULL:
        return FULL_SECONDS + LEAST_SECONDS
    return LEAST_WAITING_SECONDS if errors.is_waiting(error) else LEAST_SECONDS


def _too_late(request: HttpRequest, error: Error) -> HttpResponse:
    """Only the claim waits for a row with a limit, so the row is the key of a first arrival."""
    return answers.in_progress(request) if errors.is_waiting(error) else answers.unavailable(request, "unsafe")


def _settles(error: Error, kind: Kind) -> bool:
    """Whether another run is worth its while even after the time for holding: something may have been committed."""
    return kind is Kind.CONFLICT or isinstance(error, CommitInDoubt)


def _once(request: HttpRequest, handle: Handler, identified: Identified, state: RequestState) -> HttpResponse:
    state.commit_sent = False
    if state.idempotent:
        return handle(fresh(request))
    try:
        with transaction.atomic(using=state.home):
            claimed = store.claim(state.home, identified.id, identified.fingerprint)
            response = answers.whole(handle(fresh(request))) if claimed else _stored(request, identified, state.home)
            if response.status_code >= 400:
                raise _Refused(response)
            if claimed:
                store.keep(state.home, identified.id, response)
    except _Refused as refused:
        state.wrote = False
        return refused.response
    # A replayed answer too: who gets it must see what the first sending wrote.
    state.wrote = True
    return response


def _stored(request: HttpRequest, identified: Identified, alias: str) -> HttpResponse:
    response = store.answer(alias, identified.id, identified.fingerprint)
    if response is None:
        metrics.KEY_CONFLICTS.inc()
        return answers.refuse(request, 422, "This request key was used for another request.")
    metrics.KEY_REPLAYS.inc()
    return response
