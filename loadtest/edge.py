"""A small HTTPS client for the edge: by address, under the site's name, trusting the stack's own CA.

It never sends a request a second time. Connections are kept, but an idle one is given up well before the edge would
close it, so that no request is spent on a connection that has just ended. `timeout` bounds the whole request.
"""

import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from .http1 import Connection, Response

IDLE = 5.0  # seconds a connection may rest; the edge keeps it for a minute and more
CONNECT = 10.0


@dataclass
class Edge:
    """Where the edge is: address and port to connect to, the site's host name, the CA's certificate file."""

    address: str
    port: int
    host: str
    ca: str
    source: str | None = None  # the local address to connect from
    _idle: list[Connection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        self.context = ssl.create_default_context(cafile=self.ca)

    @property
    def origin(self) -> str:
        """What a browser sends as Origin: the published port does not matter inside, the name does."""
        return f"https://{self.host}" + ("" if self.port == 443 else f":{self.port}")

    def request(self, method, path, *, body=None, headers=None, timeout=60.0) -> Response:
        deadline = time.monotonic() + timeout
        request = self._bytes(method, path, body, headers or {})
        connection = self._take() or self._connect(deadline)
        try:
            response = connection.ask(request, method, deadline)
        except BaseException:
            connection.close()
            raise
        self._give(connection)
        return response

    def _bytes(self, method: str, path: str, body: bytes | str | None, headers: dict) -> bytes:
        sent = {"Host": self.origin.partition("//")[2], "Accept-Encoding": "identity", **headers}
        data = body.encode() if isinstance(body, str) else body or b""
        if data or method in ("POST", "PUT", "PATCH"):
            sent["Content-Length"] = len(data)
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + data

    def _connect(self, deadline: float) -> Connection:
        source = (self.source, 0) if self.source else None
        left = max(deadline - time.monotonic(), 0.001)
        raw = socket.create_connection((self.address, self.port), min(CONNECT, left), source)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Connection(self.context.wrap_socket(raw, server_hostname=self.host), deadline)
        except BaseException:
            raw.close()
            raise

    def _take(self) -> Connection | None:
        """The connection that was used last, so that those of a busy moment rest and are given up."""
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if time.monotonic() - connection.used < IDLE:
                    return connection
                connection.close()
        return None

    def _give(self, connection: Connection) -> None:
        if not connection.reusable:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


class Session:
    """One visitor: an edge and a cookie jar. Cookies are kept by name; the shop sets them all for the whole site."""

    def __init__(self, edge: Edge, cookies: dict[str, str] | None = None):
        self.edge, self.cookies = edge, dict(cookies or {})

    def get(self, path: str, **options) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str, form: dict, **options) -> Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **options.pop("headers", {})}
        return self.request("POST", path, body=urlencode(form).encode(), headers=headers, **options)

    def request(self, method: str, path: str, *, headers=None, **options) -> Response:
        sent = {"Origin": self.edge.origin} if method not in ("GET", "HEAD") else {}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = self.edge.request(method, path, headers={**sent, **(headers or {})}, **options)
        self.keep(response)
        return response

    def keep(self, response: Response) -> None:
        """Take the cookies that a response sets."""
        for line in response.headers.get_all("Set-Cookie", ()):
            pair, *attributes = line.split(";")
            name, _, value = pair.strip().partition("=")
            gone = any(attribute.strip().lower() == "max-age=0" for attribute in attributes)
            if gone or not value.strip('"'):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
