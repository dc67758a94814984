"""The shop of cardboard as an edge without sockets, and what may go wrong on the way to it."""

from loadtest.api import ORDERS
from loadtest.http1 import Headers, Response
from loadtest.stub import Shop


class Edge:
    origin = "https://shop.localhost"

    def __init__(self):
        self.shop, self.sent, self.troubles = Shop(), [], []

    def request(self, method, path, *, body=b"", headers=None, timeout=60.0) -> Response:
        """A trouble is taken from the list for each review, cart change or order: an exception, or ("lost",), or a
        status."""
        is_write = method == "POST" and (path.startswith("/products/") or path == ORDERS)
        trouble = self.troubles.pop(0) if is_write and self.troubles else None
        small = {name.lower(): value for name, value in (headers or {}).items()}
        if is_write:
            self.sent.append((path, body, small.get("idempotency-key")))
        if isinstance(trouble, Response):
            return trouble
        status, more, content = self.shop.answer(method, path, small.get("cookie", ""), body or b"", small)
        if trouble:
            raise trouble
        return response(status, content, **{name.replace("-", "_"): value for name, value in more.items()})


def response(status: int, body: bytes = b"", **headers: str) -> Response:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Response(status, Headers("\r\n".join(lines).encode()), body)
