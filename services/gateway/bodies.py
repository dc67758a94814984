"""Bodies of requests: a small one is read, so that it can be sent again; a larger one is handed on as it arrives."""

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from flotilla.requests.headers import is_safe
from gateway.refusals import Refused

SMALL = 64 * 1024
CHUNK = 16 * 1024
BROKEN = "The request's body ended before its time."


class Broken(OSError):
    """The caller stopped sending."""


class Upload:
    """A body of `length` bytes, for `requests`; `broken` once its sender has stopped too soon."""

    def __init__(self, request: HttpRequest, length: int):
        self._request, self._length, self._left = request, length, length
        self.broken = False

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(CHUNK), b"")  # what can be iterated is a stream to `requests`

    def read(self, size: int) -> bytes:
        part = _read(self._request, min(size, self._left))
        self.broken = len(part) == 0 < self._left
        if self.broken:
            raise Broken(BROKEN)
        self._left -= len(part)
        return part


def body_of(request: HttpRequest) -> bytes | Upload | None:
    """None: there is none; a safe request's is left out, for it means nothing. Raises Refused: 400, 411, 413."""
    if is_safe(request.method or ""):
        return None
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        raise Refused(411, "Send the length of the body: Content-Length.")
    if length > settings.GATEWAY_BODY_BYTES:
        raise Refused(413, f"The body is too large: {settings.GATEWAY_BODY_BYTES} bytes are the limit.")
    if length > SMALL:
        return Upload(request, length)
    body = _read(request, length)
    if len(body) < length:
        raise Refused(400, BROKEN)
    return body or None


def drop(request: HttpRequest) -> None:
    """For a refusal: a body that is left unread would make the server cut the connection, and the answer with it."""
    left = settings.GATEWAY_BODY_BYTES
    while left > 0 and (part := _read(request, CHUNK)):
        left -= len(part)


def _read(request: HttpRequest, size: int) -> bytes:
    try:
        return request.read(size)
    except UnreadablePostError:
        return b""
