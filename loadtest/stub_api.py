"""The API of the shop of cardboard: accounts, tokens, products and orders, from memory."""

import json
import threading
from collections.abc import Mapping
from itertools import count

PAGE = 400  # products a page
GOODS = 1000

Answer = tuple[int, dict, bytes]


class Api:
    """`answer(method, path, headers, body)`; names of headers in small letters."""

    def __init__(self, slugs: list[str]):
        more = (f"article-{number}" for number in range(GOODS - len(slugs)))
        self.products = [self.made(place, slug) for place, slug in enumerate([*slugs, *more])]
        self.users: dict[str, str] = {}  # email -> id
        self.orders: dict[str, dict] = {}
        self.keys: dict[tuple[str, str], Answer] = {}
        self.tokens = count(1)
        self.seconds = 900.0  # that a token lasts
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = path.partition("?")
        words = path.strip("/").split("/")[1:]  # without "api"
        wish = json.loads(body) if body else {}
        if words[0] == "auth":
            return self.token(words[1], wish)
        if (method, words) == ("POST", ["users"]):
            return self.register(wish)
        if words[0] == "products":
            return self.product(words, query)
        who = headers.get("authorization", "").removeprefix("Bearer ").partition(":")[0]
        return self.of_customer(method, words, who, headers.get("idempotency-key", ""), wish)

    @staticmethod
    def made(place: int, slug: str) -> dict:
        return {"id": f"product-{place:04}", "slug": slug, "stock": 100 + place}

    def register(self, wish: dict) -> Answer:
        if wish["email"] in self.users:
            return problem(409, "This address is taken.")
        self.users[wish["email"]] = f"user-{len(self.users):04}"
        return data(201, {"id": self.users[wish["email"]], "email": wish["email"], "name": wish["name"]})

    def token(self, verb: str, wish: dict) -> Answer:
        user = self.users.get(wish.get("email")) if verb == "token" else wish["refresh"].partition(":")[0]
        if not user:
            return problem(401, "No such account.")
        number = next(self.tokens)
        tokens = {"access": f"{user}:{number}", "refresh": f"{user}:{number}", "expires_in": self.seconds}
        return data(200, tokens)

    def product(self, words: list[str], query: str) -> Answer:
        if len(words) > 1:
            return data(200, next(one for one in self.products if one["id"] == words[1]))
        begin = int(query.partition("=")[2] or 0)
        there = begin + PAGE < len(self.products)
        return data(200, {"items": self.products[begin : begin + PAGE], "next": str(begin + PAGE) if there else None})

    def of_customer(self, method: str, words: list[str], who: str, key: str, wish: dict) -> Answer:
        if who not in self.users.values():
            return problem(401, "Who asks?")
        if (method, words) == ("POST", ["orders"]):
            with self._lock:
                return self.keys.get((who, key)) or self.keys.setdefault((who, key), self.place(who, wish))
        if words == ["users", "me"]:
            return data(200, {"id": who})
        mine = [order for order in self.orders.values() if order["user"] == who]
        if words == ["orders"]:
            return data(200, {"items": mine, "next": None})
        found = next((order for order in mine if order["id"] == words[1]), None)
        if not found:
            return problem(404, "There is no such order.")
        if method == "POST":
            found["status"] = "cancelled"
        return data(200, found)

    def place(self, who: str, wish: dict) -> Answer:
        order = {"id": f"order-{len(self.orders):04}", "user": who, "status": "pending", "items": wish["items"]}
        self.orders[order["id"]] = order
        status, headers, body = data(201, order)
        return status, headers | {"X-Consistency-Token": f"after {order['id']}"}, body


def data(status: int, body: dict) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def problem(status: int, detail: str) -> Answer:
    return data(status, {"title": "Refused", "status": status, "detail": detail})
