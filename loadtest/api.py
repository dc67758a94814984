"""The API as a customer's program uses it: an account, its tokens, products, orders. Whoever asks judges the answer.

Nothing is sent a second time here. Who tries again gives the same `key`, and it is the same request.
"""

import json
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

from .edge import Edge, Response
from .judged import told
from .outcome import Answer
from .shop import PASSWORD

USERS, ME = "/api/users/", "/api/users/me/"
TOKEN, REFRESH = "/api/auth/token/", "/api/auth/refresh/"
PRODUCTS, PRODUCT = "/api/products/", "/api/products/{}/"
ORDERS, ORDER, CANCEL = "/api/orders/", "/api/orders/{}/", "/api/orders/{}/cancel/"

SEEN = "X-Consistency-Token"  # of a write's answer; sent along, a read sees that write
ENDS = ("confirmed", "rejected", "cancelled", "archived")  # what an order is in the end
EARLY = 60.0  # seconds before its end that an access token is replaced
AGAIN = 5.0  # seconds after a failed replacement until the next; the old token serves meanwhile
PAGES = 200  # of the list, at most
LOOKS = 10  # at one page, until it is not the one of a while ago


def call(
    edge: Edge, method: str, path: str, body: dict | None = None, *, key="", token="", seen="", timeout=60.0
) -> Response:
    """One request in JSON, with what of the headers is given."""
    given = {"Authorization": token and f"Bearer {token}", "Idempotency-Key": key, SEEN: seen}
    headers = {"Accept": "application/json"} | {name: value for name, value in given.items() if value}
    if body is not None:
        headers["Content-Type"] = "application/json"
    content = None if body is None else json.dumps(body).encode()
    return edge.request(method, path, body=content, headers=headers, timeout=timeout)


class Customer:
    """One account. Any thread may use it: its access token is replaced before it ends, by whoever comes first then."""

    def __init__(self, edge: Edge, email: str, *, name="", password=PASSWORD):
        self.edge, self.email, self.password = edge, email, password
        self.name = name or email.partition("@")[0]
        self.id = ""
        self._access = self._refresh = ""
        self._ends = self._again = 0.0
        self._renewing = threading.Lock()

    # -- The account --

    def register(self, *, key="", **options) -> Response:
        """201, or 409: the address is taken."""
        wish = {"email": self.email, "name": self.name, "password": self.password}
        answer = call(self.edge, "POST", USERS, wish, key=key, **options)
        if answer.status == 201:
            self.id = answer.json()["id"]
        return answer

    def login(self, **options) -> Response:
        wish = {"email": self.email, "password": self.password}
        return self._keep(call(self.edge, "POST", TOKEN, wish, **options))

    def refresh(self, **options) -> Response:
        return self._keep(call(self.edge, "POST", REFRESH, {"refresh": self._refresh}, **options))

    def _keep(self, answer: Response) -> Response:
        if answer.status == 200:
            found = answer.json()
            self._access, self._refresh = found["access"], found["refresh"]
            self._ends = time.monotonic() + found["expires_in"]
        return answer

    # -- What one does with it --

    def request(self, method: str, path: str, body: dict | None = None, *, timeout=60.0, **options) -> Response:
        """As this account. Without a token that is still good, the answer that refused one."""
        end = time.monotonic() + timeout
        refusal = self._renewed(timeout)
        if refusal:
            return refusal
        left = max(end - time.monotonic(), 0.001)
        return call(self.edge, method, path, body, token=self._access, timeout=left, **options)

    def order(self, items: dict[str, int], *, key: str, **options) -> Response:
        """`items`: product id -> quantity."""
        wish = [{"product_id": product, "quantity": quantity} for product, quantity in items.items()]
        return self.request("POST", ORDERS, {"items": wish}, key=key, **options)

    def look(self, order: str, *, seen="", **options) -> Response:
        """One order; `seen`: the consistency token of the answer that this must not be older than."""
        return self.request("GET", ORDER.format(order), seen=seen, **options)

    def orders(self, *, seen="", **options) -> Response:
        return self.request("GET", ORDERS, seen=seen, **options)

    def cancel(self, order: str, *, key="", **options) -> Response:
        return self.request("POST", CANCEL.format(order), key=key, **options)

    # -- Its token --

    def _left(self) -> float:
        return self._ends - time.monotonic()

    def _renewed(self, timeout: float) -> Response | None:
        """The refusal, when there is no good token. With one that is good for a while, nobody waits for the next."""
        if self._left() > EARLY or not self._renewing.acquire(blocking=self._left() <= 0):
            return None
        try:
            return self._renew(timeout) if self._is_due() else None
        finally:
            self._renewing.release()

    def _is_due(self) -> bool:
        """Of those that waited, only the first finds it so."""
        return self._left() <= 0 or (self._left() <= EARLY and time.monotonic() >= self._again)

    def _renew(self, timeout: float) -> Response | None:
        self._again = time.monotonic() + AGAIN
        try:
            answer = self.refresh(timeout=timeout) if self._refresh else self.login(timeout=timeout)
            if answer.status == 401 and self._refresh:
                answer = self.login(timeout=timeout)
        except OSError:
            if self._left() <= 0:
                raise
            return None
        return answer if self._left() <= 0 else None


def products(edge: Edge, wanted: int) -> list[dict]:
    """So many different products as the API lists them, or all that there are. AssertionError when it does not."""
    found: dict[str, dict] = {}
    cursor = ""
    for _ in range(PAGES):
        answer = fresh(edge, f"{PRODUCTS}?page={quote(cursor)}" if cursor else PRODUCTS)
        assert answer.status == 200, f"{PRODUCTS} answers {answer.status}"
        page = answer.json()
        found |= {one["id"]: one for one in page["items"]}
        cursor = page["next"]
        if len(found) >= wanted or not cursor:
            break
    assert found, "the API lists no product"
    return list(found.values())[:wanted]


def fresh(edge: Edge, path: str) -> Response:
    """What nobody has asked for in a while the edge gives once as it was then, and fetches anew behind that answer."""
    for _ in range(LOOKS):
        answer = call(edge, "GET", path)
        if answer["X-Cache"] not in ("STALE", "UPDATING"):
            break
        time.sleep(0.2)
    return answer


# -- What an answer is worth -------------------------------------------------------------------------------------------


def judged(response: Response, step: str, status: int, wrong: Callable[[dict], str] | None = None, look=None) -> Answer:
    """The status that was asked for, with JSON; `wrong(body)` says what is wrong with that, '' when nothing is."""
    if response.status != status:
        return told(response, step, problem(response))
    try:
        body = response.json()
    except ValueError:
        return told(response, step, "no JSON")
    return told(response, step, wrong(body) if wrong else "", look)


def problem(response: Response) -> str:
    """What the problem details say, in a line."""
    try:
        found = response.json()
        return f"{response.status} {found['title']}: {found.get('detail', '')}"[:200]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status} {response.text[:100]}"
