"""A small HTTPS client for the edge: by address, under the site's name, trusting the stack's own CA.

It never sends a request a second time. Connections are kept, but an idle one is given up well before the edge would
close it, so that no request is spent on a connection that has just ended.
"""

import http.client
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

IDLE = 5.0  # seconds a connection may rest; the edge keeps it for a minute and more
CONNECT = 10.0


class Connection(http.client.HTTPSConnection):
    """Connects to an address while speaking TLS and HTTP to a name; `source` is the local address, or none."""

    def __init__(self, address, name, context, source=None):
        super().__init__(name, context=context)
        self.address, self.context, self.source, self.used = address, context, source, time.monotonic()

    def connect(self):
        raw = socket.create_connection(self.address, timeout=CONNECT, source_address=self.source)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.context.wrap_socket(raw, server_hostname=self.host)


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __getitem__(self, header: str) -> str:
        """All its values, as one list; empty when it is not there."""
        return ", ".join(self.headers.get_all(header, []))


@dataclass
class Edge:
    """Where the edge is: address and port to connect to, the site's host name, the CA's certificate file."""

    address: str
    port: int
    host: str
    ca: str
    source: str | None = None
    _idle: list[Connection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        self.context = ssl.create_default_context(cafile=self.ca)

    @property
    def origin(self) -> str:
        """What a browser sends as Origin: the published port does not matter inside, the name does."""
        return f"https://{self.host}" + ("" if self.port == 443 else f":{self.port}")

    def request(self, method, path, *, body=None, headers=None, timeout=60.0) -> Response:
        connection = self._take()
        try:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            else:
                connection.connect()
                connection.sock.settimeout(timeout)
            connection.request(method, path, body=body, headers={"Host": self.origin.split("//")[1], **(headers or {})})
            answer = connection.getresponse()
            response = Response(answer.status, answer.headers, answer.read())
        except BaseException:
            connection.close()
            raise
        self._give(connection, keep=not answer.will_close)
        return response

    def _take(self) -> Connection:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if time.monotonic() - connection.used < IDLE:
                    return connection
                connection.close()
        source = (self.source, 0) if self.source else None
        return Connection((self.address, self.port), self.host, self.context, source)

    def _give(self, connection, keep: bool) -> None:
        if not keep:
            connection.close()
            return
        connection.used = time.monotonic()
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
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
