"""Calling another service: one name for several balancers, any of which will do. On `requests`, connections kept.

session("products", ("http://10.77.2.21:8110", "http://10.77.2.22:8110")).get("http://products/products/")

What could not be connected is tried at the other balancer; what may have arrived is sent once more, for it is safe or
has a key: an unsafe call without one gets one, under which it takes effect once. A balancer that has failed is asked
last for a while. Nothing is begun that cannot end before the deadline. The position that an answer tells is taken over:
what the client has written there, it sees here and in later calls.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from flotilla import context, metrics
from flotilla.breaker import Breaker
from flotilla.db import position
from flotilla.requests.headers import is_safe
from flotilla.uuid7 import uuid7

CONNECT_SECONDS = 0.5
READ_SECONDS = 5.0  # a paused server accepts, and never answers
ATTEMPTS = 2
CONNECTIONS = 32  # kept for each balancer; more are made when more threads call, and not kept
PAUSE_SECONDS = 5.0
KEY = "Idempotency-Key"
NO_SERVER = (502, 504)  # a balancer's own answers; 503 is a service's, and final

Outcome = requests.Response | requests.RequestException


def session(name: str, urls: Sequence[str], **options: Any) -> requests.Session:
    """For `http://<name>/…` and nothing else. One for a process: it keeps the connections. No cookies, no proxies.

    `options` are those of Balanced.
    """
    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.adapters.clear()
    made.mount(f"http://{name}/", Balanced(urls, **options))
    return made


class Peer:
    """A balancer, and whether it is being left alone."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self.breaker = Breaker(PAUSE_SECONDS)


class Balanced(HTTPAdapter):
    """Sends to one of `urls`, whatever host the request names; that name stays in the header Host.

    `timeout` of a call is how long to wait for an answer; both it and `read_seconds` end at the request's deadline.
    Who wants to leave time for the second way gives less, and says in `X-Deadline` until when an answer is waited for.
    `again` is asked before anything that may have arrived is sent once more: it may say no, or take its time. Of a
    streamed answer, one of at most `short` bytes is read at once all the same.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        read_seconds: float = READ_SECONDS,
        attempts: int = ATTEMPTS,
        connections: int = CONNECTIONS,
        again: Callable[[], bool] = lambda: True,
        short: int = 0,
    ):
        if not urls:
            raise ValueError("no address to send to")
        super().__init__(pool_connections=len(urls), pool_maxsize=connections)
        self._peers = [Peer(url) for url in urls]
        self._read_seconds, self._attempts, self._again, self._short = read_seconds, attempts, again, short
        self._turns = itertools.count()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Raises requests.RequestException when there is no answer, a Timeout when there is no time for one."""
        state, service = context.current(), urlsplit(request.url or "").netloc
        with (
            state.calling() if state else nullcontext(),
            metrics.CALL_SECONDS.labels(service).time(),
            metrics.CALLS_FAILED.labels(service).count_exceptions(),
        ):
            return self._send(request, options)

    def _send(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        seconds = _read_seconds(options.pop("timeout", None)) or self._read_seconds
        last: Outcome = requests.Timeout("no time is left", request=request)
        if not is_safe(request.method or ""):
            request.headers.setdefault(KEY, uuid7().hex)
        for attempt, peer in enumerate(self._order()):
            if attempt and not self._may_follow(request, last):
                break
            left = _left(seconds)
            if left == 0:
                break
            if isinstance(last, requests.Response):
                last.close()
            last = self._try(peer, request, left, options)
        if isinstance(last, requests.RequestException):
            raise last
        return last

    def _order(self) -> list[Peer]:
        """Each in turn, those that have failed last."""
        turn = next(self._turns) % len(self._peers)
        peers = self._peers[turn:] + self._peers[:turn]
        peers.sort(key=lambda peer: not peer.breaker.allows())
        return list(itertools.islice(itertools.cycle(peers), self._attempts))

    def _may_follow(self, request: requests.PreparedRequest, last: Outcome) -> bool:
        """Whether it is sent again: at once where nobody was there, else when it may be, and `again` agrees."""
        if isinstance(last, requests.RequestException) and _was_not_sent(last):
            return True
        answered = isinstance(last, requests.Response) and last.status_code not in NO_SERVER
        return not answered and _is_repeatable(request) and self._again()

    def _try(self, peer: Peer, request: requests.PreparedRequest, seconds: float, options: dict[str, Any]) -> Outcome:
        """The answer, read to its end unless it is to be streamed; or what went wrong."""
        try:
            response = super().send(_addressed(request, peer.url, seconds), timeout=_timeout(seconds), **options)
            if not options.get("stream") or self._is_short(response):
                _ = response.content  # an answer that breaks off is worth another try as well
        except requests.RequestException as error:
            peer.breaker.failed()
            return error
        peer.breaker.succeeded()
        if state := context.current():
            position.adopt(state, response.headers.get(position.HEADER))
        return response

    def _is_short(self, response: requests.Response) -> bool:
        length = response.raw.length_remaining  # None: not known
        return length is not None and length <= self._short

    @property
    def connections_made(self) -> int:
        """New ones since the process began."""
        pools = self.poolmanager.pools
        return sum(pools[key].num_connections for key in pools.keys())  # noqa: SIM118 - it is no dict


def _read_seconds(timeout: Any) -> float | None:
    """Of what requests takes as a timeout: a number, or (connect, read)."""
    return timeout[1] if isinstance(timeout, tuple) else timeout


def _left(seconds: float) -> float:
    state = context.current()
    return min(seconds, state.remaining()) if state else seconds


def _timeout(seconds: float) -> tuple[float, float]:
    return min(CONNECT_SECONDS, seconds), seconds


def _addressed(request: requests.PreparedRequest, url: str, seconds: float) -> requests.PreparedRequest:
    """A copy for that balancer, which says who asks, until when anybody waits for the answer, and what it must see."""
    copy, state = request.copy(), context.current()
    copy.url = url + request.path_url
    copy.headers.setdefault("Host", urlsplit(request.url or "").netloc)
    copy.headers.setdefault("X-Deadline", f"{time.time() + seconds:.3f}")
    if state is not None:
        copy.headers["X-Request-ID"] = state.request_id
        if state.address:
            copy.headers.setdefault("X-Real-IP", state.address)
        if state.position is not None:
            copy.headers[position.HEADER] = position.encode(state.position)
    return copy


def _was_not_sent(error: requests.RequestException) -> bool:
    """Nobody was there to send to."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _is_repeatable(request: requests.PreparedRequest) -> bool:
    """Its body can be sent again. It is safe, or has a key under which it takes effect once."""
    return isinstance(request.body, bytes | str | None)
