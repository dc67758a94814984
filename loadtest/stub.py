"""A shop of cardboard: answers the requests of traffic.py from memory, so that a generator is judged without the stack.

python -m loadtest.stub [--certificate FILE --key FILE]     on 127.0.0.1; prints its port, runs until killed
"""

import argparse
import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import parse_qs

from .stub_api import Api

SLUGS = [f"thing-{number}" for number in range(600)]
PADDING = "<p>" + "A shop of cardboard. " * 400 + "</p>"  # with it a page is about as long as one of the shop's


class Shop:
    """`answer(method, path, cookies, body, headers) -> (status, headers, body)`; names of headers in small letters."""

    def __init__(self):
        self.titles: dict[str, list[str]] = defaultdict(list)
        self.carts: dict[str, dict[str, int]] = defaultdict(dict)
        self.keys: dict[str, int] = {}
        self.visitors = 0
        self.api = Api(SLUGS)

    def answer(
        self, method: str, path: str, cookies: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict, bytes]:
        if path.startswith("/api/"):
            return self.api.answer(method, path, headers or {}, body)
        path = path.partition("?")[0]
        if method == "POST":
            return self.form(path, cookies, {name: values[0] for name, values in parse_qs(body.decode()).items()})
        if path == "/form-token/":
            token = {"csrf_token": "token", "request_key": "unused"}
            return 200, {"Set-Cookie": "csrftoken=token; Path=/; Secure"}, json.dumps(token).encode()
        return 200, {"X-Cache": "MISS"}, self.page(path, cookies)

    def form(self, path: str, cookies: str, fields: dict) -> tuple[int, dict, bytes]:
        headers = {"Location": "/"}
        if path == "/accounts/register/":
            self.visitors += 1
            headers["Set-Cookie"] = f"sessionid={self.visitors}; Path=/; HttpOnly"
        elif fields["request_key"] not in self.keys:
            self.write(path, cookies, fields)
        self.keys[fields["request_key"]] = self.keys.get(fields["request_key"], 0) + 1
        return 302, headers, b""

    def write(self, path: str, cookies: str, fields: dict) -> None:
        slug = path.split("/")[2]
        if path.endswith("/review/"):
            self.titles[slug].append(fields["title"])
        else:
            cart = self.carts[visitor(cookies)]
            cart[slug] = cart.get(slug, 0) + 1

    def page(self, path: str, cookies: str) -> bytes:
        if path == "/":
            content = '<a href="/categories/all/">All</a>'
        elif path.startswith("/categories/"):
            content = "".join(f'<a href="/products/{slug}/">{slug}</a>' for slug in SLUGS)
        elif path == "/cart/":
            content = "".join(f'<a href="/products/{slug}/">{slug}</a>' for slug in self.carts[visitor(cookies)])
        else:
            content = "".join(f"<h3>{title}</h3>" for title in self.titles.get(path.split("/")[-2], ()))
        return f"<html>{content}{PADDING}</html>".encode()


def visitor(cookies: str) -> str:
    found = re.search(r"sessionid=(\d+)", cookies)
    return found[1] if found else ""


# -- The server -------------------------------------------------------------------------------------------------------

# As many and as long as the edge's, so that reading them costs what it costs.
HEADERS = {
    "Server": "cardboard", "Content-Type": "text/html; charset=utf-8", "Vary": "Accept-Encoding",
    "Cache-Control": "public, max-age=0, s-maxage=10, stale-if-error=3600", "X-Served-By": "web-1",
    "Server-Timing": 'replica;desc="web-1", db;desc="replica_3", cache;desc="miss", app;dur=70.0',
    "X-Request-ID": "dfbdbb45c73bedfbd83247ccdca852cb", "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip


class Connection(asyncio.Protocol):
    """One kept connection: HTTP/1.1 as far as loadtest.edge speaks it."""

    def __init__(self, shop: Shop):
        self.shop, self.unread = shop, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data: bytes):
        self.unread += data
        head, found, rest = self.unread.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.unread = rest[length:]
        method, path, _ = first.split(" ")
        self.respond(*self.shop.answer(method, path, headers.get("cookie", ""), rest[:length], headers))

    def respond(self, status: int, headers: dict, body: bytes) -> None:
        head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in (HEADERS | headers).items()]
        self.transport.write("\r\n".join([*head, "", ""]).encode() + body)


async def serve(context: ssl.SSLContext | None) -> None:
    shop = Shop()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(shop), "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen, int]]:
    """The server in a process of its own: (process, port)."""
    command = [sys.executable, "-m", "loadtest.stub", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="loadtest.stub")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    given = parser.parse_args()
    context = None
    if given.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate, given.key)
    asyncio.run(serve(context))


if __name__ == "__main__":
    main()
