"""The services, as this process reaches them: kept connections, how many calls at once, what is sent again, breakers.

What a call tells of its service: an answer, that it is well. A refused or lost connection, a read that got no answer in
time, no replica behind the balancer, an error of its own (5xx), that it is not. 503 tells nothing: a held write that
got no primary, or a full queue, is no reason to leave a service alone; nor is a write that was not answered in time.
"""

import math
import random
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import requests
import urllib3
from django.conf import settings
from prometheus_client.registry import REGISTRY

from flotilla import clients
from flotilla.requests.answers import RETRY_AFTER_SECONDS
from gateway import metrics
from gateway.bodies import BROKEN, Upload
from gateway.breaker import ServiceBreaker
from gateway.budget import Budget
from gateway.refusals import Refused
from gateway.routes import SERVICES

ATTEMPTS = 3  # both balancers, and the first once more when it has found its replica dead meanwhile
RESERVE = 100  # retries: what a replica that dies may have had in hand
JITTER_SECONDS = 0.05
SHORT = 64 * 1024  # an answer that is read at once: should it break off, the call is sent again
SAFE, UNSAFE = "safe", "unsafe"

AGAIN = "It may have been done all the same: send it again with the same Idempotency-Key to find out."


class Upstream:
    """One service. `ask` is called by many threads at once."""

    def __init__(self, name: str, urls: Iterable[str]):
        self.name = name
        self.breaker = ServiceBreaker(settings.GATEWAY_BREAKER_SECONDS)
        self._budget = Budget(settings.GATEWAY_RETRY_PERCENT / 100, RESERVE)
        most = {SAFE: settings.GATEWAY_SAFE_AT_ONCE, UNSAFE: settings.GATEWAY_UNSAFE_AT_ONCE}
        self._places = {kind: threading.BoundedSemaphore(count) for kind, count in most.items()}
        options = {"attempts": ATTEMPTS, "connections": sum(most.values()), "again": self._again, "short": SHORT}
        self._session = clients.session(name, tuple(urls), **options)
        self._session.headers.clear()
        metrics.begin(name, lambda: self.breaker.left > 0)

    @property
    def connections_made(self) -> int:
        return self._session.get_adapter(f"http://{self.name}/").connections_made

    def ask(self, request: requests.PreparedRequest, *, kind: str, seconds: float) -> "Answer":
        """The service's answer; `seconds` for one try. Raises Refused: 400, 502, 503, 504."""
        if not self.breaker.allows():
            pause = str(math.ceil(self.breaker.left) or 1)
            raise self._refused(metrics.BREAKER, "does not answer just now", pause)
        if not self._places[kind].acquire(blocking=False):
            raise self._refused(metrics.LIMIT, "has too much to do just now", "1")
        answer = Answer(self, kind)
        try:
            answer.take(self._sent(request, kind, seconds))
        except BaseException:
            answer.close()
            raise
        return answer

    def leave(self, kind: str) -> None:
        """A call has ended."""
        self._places[kind].release()
        metrics.CALLS_ACTIVE.labels(self.name, kind).dec()

    def _refused(self, why: str, what: str, seconds: str) -> Refused:
        metrics.REFUSED.labels(self.name, why).inc()
        return self._later(what, seconds)

    def _later(self, what: str, seconds: str) -> Refused:
        return Refused(503, f"The {self.name} service {what}. Nothing was done; please try again.", Retry_After=seconds)

    def _sent(self, request: requests.PreparedRequest, kind: str, seconds: float) -> requests.Response:
        self._budget.earn()
        try:
            with metrics.CALL_SECONDS.labels(self.name).time():
                response = self._session.send(request, timeout=seconds, stream=True, allow_redirects=False)
        except requests.RequestException as error:
            raise self._failed(error, request, kind) from None
        self._judge(response.status_code)
        if response.status_code >= 502 and "X-Served-By" not in response.headers:
            response.close()
            raise self._unreached(response, kind)
        return response

    def _judge(self, status: int) -> None:
        if status < 500:
            self.breaker.succeeded()
        elif status != 503:
            self.breaker.failed()

    def _failed(self, error: requests.RequestException, request: requests.PreparedRequest, kind: str) -> Refused:
        """What the caller is told of it, and the breaker where it says something of the service."""
        if isinstance(request.body, Upload) and request.body.broken:
            return Refused(400, BROKEN)
        late = isinstance(error, requests.Timeout) and not isinstance(error, requests.ConnectTimeout)
        if not late:
            self.breaker.failed()
            return Refused(502, self._words("could not be reached", kind))
        if isinstance(error, requests.ReadTimeout) and kind == SAFE:
            self.breaker.failed()
        return Refused(504, self._words("did not answer in time", kind))

    def _unreached(self, response: requests.Response, kind: str) -> Refused:
        """A balancer has answered, and no replica."""
        status = response.status_code
        if status == 503:
            again = response.headers.get("Retry-After", str(RETRY_AFTER_SECONDS))
            return self._later("has too much to do just now", again)
        return Refused(status, self._words("did not answer in time" if status == 504 else "could not be reached", kind))

    def _words(self, what: str, kind: str) -> str:
        return f"The {self.name} service {what}. {'Please try again.' if kind == SAFE else AGAIN}"

    def _again(self) -> bool:
        """Whether a call may be sent once more; then after a moment, not at the same one as all others."""
        if not self._budget.spend():
            metrics.RETRIES_REFUSED.labels(self.name).inc()
            return False
        metrics.RETRIES.labels(self.name).inc()
        time.sleep(random.uniform(0, JITTER_SECONDS))
        return True


class Answer:
    """What a service said. Whoever has it closes it; iterating hands the content on as it arrives."""

    def __init__(self, upstream: Upstream, kind: str):
        self._upstream, self._kind = upstream, kind
        self._response: requests.Response | None = None
        self._open = True
        metrics.CALLS_ACTIVE.labels(upstream.name, kind).inc()

    def take(self, response: requests.Response) -> None:
        self._response = response
        if self.is_whole:
            self.close()

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Any:
        return self._response.headers

    @property
    def is_whole(self) -> bool:
        """It was short, and has been read: `content` is all of it."""
        return self._response.raw.length_remaining == 0

    @property
    def content(self) -> bytes:
        return self._response.content

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.raw.stream(SHORT, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError):
            self._upstream.breaker.failed()
            raise

    def close(self) -> None:
        """Gives the place back, once."""
        if self._open:
            self._open = False
            self._upstream.leave(self._kind)
        if self._response is not None:
            self._response.close()


_making = threading.Lock()


def of(name: str) -> Upstream:
    """The one of this process. Raises Refused: 503 where no address of the service is known."""
    with _making:  # a cache lets two make what is not in it yet: each would have limits and a breaker of its own
        return _made(name)


@cache
def _made(name: str) -> Upstream:
    urls = getattr(settings.FLOTILLA, f"{name}_urls")
    if not urls:
        raise Refused(503, f"The {name} service is not part of this installation.")
    return Upstream(name, urls)


def _connections() -> Iterator[tuple[str, int]]:
    for name in SERVICES:
        if getattr(settings.FLOTILLA, f"{name}_urls"):
            yield name, of(name).connections_made


REGISTRY.register(metrics.Connections(_connections))
