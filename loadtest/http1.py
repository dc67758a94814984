"""HTTP/1.1 over one connection: a request out, a response in, within a deadline.

Not http.client, whose header parser alone costs as much CPU as all the rest of a request: a generator that shares its
machine with the stack must be cheap to be on time. And a socket's timeout there is one for each read, not for all.
"""

import json
import socket
import time
from dataclasses import dataclass

CHUNK = 65536


class Headers:
    """Names in any case; a header may have several values, in the order they came."""

    def __init__(self, head: bytes):
        self.lines = head.decode("latin-1").split("\r\n")
        self._values: dict[str, list[str]] = {}
        for line in self.lines:
            name, _, value = line.partition(":")
            self._values.setdefault(name.lower(), []).append(value.strip())

    def get_all(self, name: str, default=None):
        return self._values.get(name.lower(), default)

    def get(self, name: str, default: str | None = None) -> str | None:
        return self._values.get(name.lower(), (default,))[0]

    def __getitem__(self, name: str) -> str | None:
        return self.get(name)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Response:
    status: int
    headers: Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __getitem__(self, header: str) -> str:
        """All its values, as one list; empty when it is not there."""
        return ", ".join(self.headers.get_all(header, ()))


class Connection:
    """One connection, one request at a time. Raises OSError, TimeoutError among them, when no whole answer came."""

    def __init__(self, raw: socket.socket, deadline: float):
        self.sock, self.deadline, self.unread = raw, deadline, b""
        self.used, self.reusable = time.monotonic(), True

    def _allow(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.sock.settimeout(left)

    def ask(self, request: bytes, method: str, deadline: float) -> Response:
        self.deadline = deadline
        self._allow()
        self.sock.sendall(request)
        status, headers = self._head()
        while status < 200:  # an interim answer
            status, headers = self._head()
        body = b"" if method == "HEAD" or status in (204, 304) else self._body(headers)
        self.reusable &= (headers.get("Connection") or "").lower() != "close"
        self.used = time.monotonic()
        return Response(status, headers, body)

    def _head(self) -> tuple[int, Headers]:
        line, _, rest = self._until(b"\r\n\r\n").partition(b"\r\n")
        version, _, status = line.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not status[:3].isdigit():
            raise ConnectionError(f"no HTTP: {line[:60]!r}")
        return int(status[:3]), Headers(rest)

    def _body(self, headers: Headers) -> bytes:
        if (length := headers.get("Content-Length")) is not None:
            return self._exactly(int(length))
        if (headers.get("Transfer-Encoding") or "").lower() == "chunked":
            return b"".join(self._chunks())
        self.reusable = False
        return self._rest()

    def _chunks(self):
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            yield self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n"):  # trailers, and the empty line
            pass

    # -- Bytes --

    def _more(self) -> bytes:
        self._allow()
        return self.sock.recv(CHUNK)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.unread:
            self._need(self._more())
        found, _, self.unread = self.unread.partition(mark)
        return found

    def _exactly(self, length: int) -> bytes:
        parts, missing = [self.unread], length - len(self.unread)
        self.unread = b""
        while missing > 0:
            part = self._more()
            if not part:
                raise ConnectionError("the connection ended within an answer")
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
        self.unread = data[length:]
        return data[:length]

    def _need(self, data: bytes) -> None:
        if not data:
            raise ConnectionError("the connection ended without an answer")
        self.unread += data

    def _rest(self) -> bytes:
        parts = [self.unread]
        while part := self._more():
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        self.sock.close()
