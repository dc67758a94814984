"""Calling another service: one name for several balancers, any of which will do. On `requests`, connections kept.

session("products", ("http://10.77.2.21:8110", "http://10.77.2.22:8110")).get("http://products/products/")

What could not be connected is tried at the other balancer; what may have arrived is sent once more only when that is
safe. A balancer that has failed is asked last for a while. Nothing is begun that cannot end before the deadline.
The position that an answer tells is taken over: what the client has written there, it sees here and in later calls.
"""

import itertools
import time
from collections.abc import Sequence
from contextlib import nullcontext
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from flotilla import context
from flotilla.breaker import Breaker
from flotilla.db import position
from flotilla.requests.headers import is_safe

CONNECT_SECONDS = 0.5
READ_SECONDS = 5.0  # a paused server accepts, and never answers
ATTEMPTS = 2
CONNECTIONS = 32  # kept for each balancer; more are made when more threads call, and not kept
PAUSE_SECONDS = 5.0
NO_SERVER = (502, 504)  # a balancer's own answers; 503 is a service's, and final


def session(name: str, urls: Sequence[str], *, read_seconds: float = READ_SECONDS) -> requests.Session:
    """For `http://<name>/…` and nothing else. One for a process: it keeps the connections. No cookies, no proxies."""
    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.adapters.clear()
    made.mount(f"http://{name}/", Balanced(urls, read_seconds=read_seconds))
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
    """

    def __init__(self, urls: Sequence[str], *, read_seconds: float = READ_SECONDS):
        if not urls:
            raise ValueError("no address to send to")
        super().__init__(pool_connections=len(urls), pool_maxsize=CONNECTIONS)
        self._peers = [Peer(url) for url in urls]
        self._read_seconds = read_seconds
        self._turns = itertools.count()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Raises requests.RequestException when there is no answer, a Timeout when there is no time for one."""
        state = context.current()
        with state.calling() if state else nullcontext():
            return self._send(request, options)

    def _send(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        seconds = _read_seconds(options.pop("timeout", None)) or self._read_seconds
        last: requests.Response | requests.RequestException = requests.Timeout("no time is left", request=request)
        for peer in self._order():
            left = _left(seconds)
            if left == 0:
                break
            if isinstance(last, requests.Response):
                last.close()
            last = self._try(peer, request, left, options)
            if not _is_worth_another(request, last):
                break
        if isinstance(last, requests.RequestException):
            raise last
        return last

    def _order(self) -> list[Peer]:
        """Each in turn, those that have failed last."""
        turn = next(self._turns) % len(self._peers)
        peers = self._peers[turn:] + self._peers[:turn]
        peers.sort(key=lambda peer: not peer.breaker.allows())
        return list(itertools.islice(itertools.cycle(peers), ATTEMPTS))

    def _try(
        self, peer: Peer, request: requests.PreparedRequest, seconds: float, options: dict[str, Any]
    ) -> requests.Response | requests.RequestException:
        """The answer, read to its end unless it is to be streamed; or what went wrong."""
        try:
            response = super().send(_addressed(request, peer.url, seconds), timeout=_timeout(seconds), **options)
            if not options.get("stream"):
                _ = response.content  # an answer that breaks off is worth another try as well
        except requests.RequestException as error:
            peer.breaker.failed()
            return error
        peer.breaker.succeeded()
        if state := context.current():
            position.adopt(state, response.headers.get(position.HEADER))
        return response


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


def _is_worth_another(request: requests.PreparedRequest, last: requests.Response | requests.RequestException) -> bool:
    if isinstance(last, requests.Response):
        return last.status_code in NO_SERVER and _is_repeatable(request)
    return _was_not_sent(last) or _is_repeatable(request)


def _was_not_sent(error: requests.RequestException) -> bool:
    """Nobody was there to send to."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _is_repeatable(request: requests.PreparedRequest) -> bool:
    """Safe, or with a key under which it takes effect once; and its body can be sent again."""
    again = is_safe(request.method or "") or "Idempotency-Key" in request.headers
    return again and isinstance(request.body, bytes | str | None)
