"""The API as the shop meets it: a real HTTP server on loopback, with accounts and orders in memory."""

import json
import re
import uuid
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PASSWORD = "a-long-password"
PRICE = 1001  # of everything
CREATED = "2026-11-21T10:00:00+00:00"


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict | None
    query: dict[str, list[str]] = field(default_factory=dict)


class Problem(Exception):
    def __init__(self, status: int, detail: str, errors=(), **headers: str):
        super().__init__(detail)
        self.answer = status, {"detail": detail, "status": status, "errors": list(errors)}, headers
        if not errors:
            del self.answer[1]["errors"]


class Gateway(ThreadingHTTPServer):
    """`asked`: all that came in. `script(method, path, answer, ...)`: what comes before the API's own answers."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.accounts, self.orders, self.keys = {}, {}, {}
        self.access, self.refresh = {}, {}  # token -> email
        self.seconds = 900
        self.asked: list[Asked] = []
        self.scripts = defaultdict(list)

    def script(self, method: str, path: str, *answers) -> None:
        """An answer: (status, body, headers), "gone" to hang up, or a function of the request."""
        self.scripts[method, path] += answers

    def of(self, method: str, path: str) -> list[Asked]:
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    def account(self, email="tove@example.com", name="Tove", password=PASSWORD) -> dict:
        made = {"id": str(uuid.uuid4()), "email": email, "name": name, "created_at": CREATED}
        self.accounts[email] = made | {"password": password}
        return made

    def become(self, order_id: str, status: str, reason="") -> None:
        self.orders[str(order_id)] |= {"status": status, "reason": reason}

    # -- What it answers

    def answer(self, asked: Asked) -> tuple[int, object, dict]:
        if scripted := self.scripts[asked.method, asked.path]:
            given = scripted.pop(0)
            return given(asked) if callable(given) else given
        try:
            for method, pattern, do in ROUTES:
                if asked.method == method and (found := re.fullmatch(pattern, asked.path)):
                    return *do(self, asked, *found.groups()), {}
            raise Problem(404, "There is no such route.")
        except Problem as problem:
            return problem.answer

    def register(self, asked):
        key = asked.headers["Idempotency-Key"]
        if key in self.keys:
            return self.keys[key][1]
        if asked.body["email"] in self.accounts:
            raise Problem(409, "The address is taken.")
        if len(asked.body["password"]) < 8:
            raise Problem(400, "See errors.", [{"field": "password", "detail": "This password is too short."}])
        self.keys[key] = asked.body, (201, self.account(**asked.body))
        return self.keys[key][1]

    def token(self, asked):
        account = self.accounts.get(asked.body["email"])
        if account is None or account["password"] != asked.body["password"]:
            raise Problem(401, "No such account, or another password.")
        return self.tokens(account["email"])

    def renew(self, asked):
        if asked.body["refresh"] not in self.refresh:
            raise Problem(401, "The token is no good.")
        return self.tokens(self.refresh[asked.body["refresh"]])

    def tokens(self, email):
        access, refresh = f"access-{uuid.uuid4()}", f"refresh-{uuid.uuid4()}"
        self.access[access], self.refresh[refresh] = email, email
        return 200, {"access": access, "refresh": refresh, "expires_in": self.seconds}

    def who(self, asked) -> str:
        email = self.access.get(asked.headers.get("Authorization", "").removeprefix("Bearer "))
        if email is None:
            raise Problem(401, "The token is no good.", **{"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return email

    def me(self, asked):
        account = self.accounts[self.who(asked)]
        return 200, {name: value for name, value in account.items() if name != "password"} | {"role": "customer"}

    def place(self, asked):
        owner, key = self.who(asked), asked.headers["Idempotency-Key"]
        if key in self.keys:
            if self.keys[key][0] != asked.body:
                raise Problem(422, "This request key was used for another request.")
            return self.keys[key][1]
        lines = [{**item, "name": "Oban Lamp", "price_cents": PRICE} for item in asked.body["items"]]
        order = {"id": str(uuid.uuid4()), "status": "pending", "reason": "", "items": lines, "created_at": CREATED}
        order["total_cents"] = sum(line["quantity"] * PRICE for line in lines)
        self.orders[order["id"]] = order | {"owner": owner}
        self.keys[key] = asked.body, (201, order)
        return self.keys[key][1]

    def order(self, asked, order_id):
        order = self.orders.get(order_id)
        if order is None or order["owner"] != self.who(asked):
            raise Problem(404, "There is no such order.")
        return 200, order

    def page(self, asked):
        owner, first = self.who(asked), asked.query.get("page", ["0"])[0]
        if not first.isdigit():
            raise Problem(400, "See errors.", [{"field": "page", "detail": "This is no page."}])
        mine = [order for order in reversed(self.orders.values()) if order["owner"] == owner]
        start, end = int(first), int(first) + 2
        return 200, {"items": mine[start:end], "next": str(end) if mine[end:] else None}

    def cancel(self, asked, order_id):
        order = self.order(asked, order_id)[1]
        if order["status"] not in ("pending", "confirmed", "cancelled"):
            raise Problem(409, f"The order is {order['status']}: it cannot become cancelled.")
        self.become(order_id, "cancelled")
        return 200, order


ROUTES = [
    ("POST", "/api/users/", Gateway.register),
    ("GET", "/api/users/me/", Gateway.me),
    ("POST", "/api/auth/token/", Gateway.token),
    ("POST", "/api/auth/refresh/", Gateway.renew),
    ("POST", "/api/orders/", Gateway.place),
    ("GET", "/api/orders/", Gateway.page),
    ("GET", "/api/orders/([0-9a-f-]{36})/", Gateway.order),
    ("POST", "/api/orders/([0-9a-f-]{36})/cancel/", Gateway.cancel),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length, url = int(self.headers.get("Content-Length", 0)), urlsplit(self.path)
        body = json.loads(self.rfile.read(length)) if length else None
        asked = Asked(self.command, url.path, dict(self.headers), body, parse_qs(url.query))
        self.server.asked.append(asked)
        answer = self.server.answer(asked)
        if answer == "gone":
            self.close_connection = True
        else:
            self.send(*answer)

    do_POST = do_GET  # noqa: N815

    def send(self, status, body, headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(BrokenPipeError):  # who asked has given up
            self.wfile.write(content)

    def log_message(self, *arguments):
        """Quiet."""
