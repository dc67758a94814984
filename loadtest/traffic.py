"""The mixed load of the guarantees: reads that mostly cannot come from the edge's cache, and keyed writes with markers.

A write is a review, a cart change or an order. Each of the first two has its own (author, product) pair, so that the
tables show both faults: an acknowledged write that is missing, and one that took effect twice (a cart then holds two of
the product). After each acknowledged write its author looks at the page that must show it. Orders: orders.py.
"""

import itertools
import threading
import uuid
from collections.abc import Callable

from .edge import Edge, Response, Session
from .judged import form, page, told
from .ledger import Ledger
from .orders import BUYERS, Orders, UsedUp
from .outcome import UNSEEN, WRITE, Answer, attempt
from .shop import CART, HOME, PRODUCT, SEARCH, Visitor, is_done, product_slugs

AUTHORS, MOST_AUTHORS = 6, 100
PRODUCTS = 600
API_READS = 6  # one of so many reads asks the API, where orders are placed


def authors_for(writes: int) -> int:
    """How many authors have a pair for each of so many writes: a divisor of PRODUCTS. Each has to register first."""
    for authors in range(AUTHORS, MOST_AUTHORS + 1):
        if PRODUCTS % authors == 0 and authors * PRODUCTS >= writes:
            return authors
    raise UsedUp(f"{writes} writes are planned, and no more than {MOST_AUTHORS * PRODUCTS} can be told apart")


def orders_among(writes: int, share: float) -> int:
    """How many of the first so many writes are orders."""
    return int(writes * share + 1e-9)


class Traffic:
    """`send` fits openloop.Run, with and without retries. One object serves many runs: pairs are never used again.

    Invariant: a write that failed is sent again under its index as the same write: number, request key, body.
    `share`: of the writes, how many are orders; without it nothing asks the API.
    """

    def __init__(self, edge: Edge, ledger: Ledger, authors: int = AUTHORS, *, share: float = 0.0, buyers: int = BUYERS):
        self.edge, self.ledger, self.share = edge, ledger, share
        self.name = uuid.uuid4().hex[:10]
        self.slugs = product_slugs(edge, PRODUCTS)
        assert len(self.slugs) == PRODUCTS, f"only {len(self.slugs)} products found"
        self.authors = [self._author(number) for number in range(authors)]
        self.orders = Orders(edge, ledger, self.name, buyers, frozenset(self.slugs)) if share else None
        self._numbers = itertools.count()
        self._begun: dict[int, int] = {}  # index -> number of each write that is not acknowledged
        self._lock = threading.Lock()

    def _author(self, number: int) -> Visitor:
        author = Visitor(self.edge)
        author.name = f"author-{self.name}-{number}"
        answer = author.register(author.name)
        assert is_done(answer), f"registration answers {answer.status}: {answer.text[:300]}"
        author.csrf = author.form_token()["csrf_token"]
        return author

    @property
    def buyers(self) -> list[str]:
        """Ids of the accounts that order."""
        return [buyer.id for buyer in self.orders.buyers] if self.orders else []

    def _pair(self, number: int) -> tuple[str, Visitor]:
        """Another product and another author each time: writes wait for the database, not for one another's rows.

        All pairs are different, because PRODUCTS is a multiple of the number of authors. Once all are used up there is
        no further one: a cart that holds two of a product would look like a write that took effect twice.
        """
        turn, place = divmod(number, PRODUCTS)
        if turn >= len(self.authors):
            raise UsedUp(f"{len(self.authors)} authors and {PRODUCTS} products have no pair for write {number + 1}")
        return self.slugs[place], self.authors[(place + turn) % len(self.authors)]

    def send(self, kind: str, index: int, timeout: float) -> Answer:
        return self._write(index, timeout) if kind == WRITE else self._read(index, timeout)

    # -- Writes --

    def _number(self, index: int) -> int:
        with self._lock:
            if index not in self._begun:
                self._begun[index] = next(self._numbers)
            return self._begun[index]

    def _key(self, number: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.name} {number}"))

    def _write(self, index: int, timeout: float) -> Answer:
        """An order or a form, each with a number of its own kind; what is acknowledged is not sent again."""
        number = self._number(index)
        key, orders = self._key(number), orders_among(number, self.share)
        if orders_among(number + 1, self.share) > orders:
            answer = self.orders.send(orders, key, timeout)
        else:
            answer = self._form(number - orders, key, timeout)
        if answer.good:
            self._begun.pop(index, None)
        return answer

    def _form(self, number: int, key: str, timeout: float) -> Answer:
        slug, author = self._pair(number)
        if number % 2:
            marker = shown = f"review {self.name} {number}"
            step, path, send = "review", PRODUCT.format(slug), lambda **how: author.review(slug, marker, **how)
        else:
            marker, shown = f"cart {author.name} {slug}", PRODUCT.format(slug)
            step, path, send = "add_to_cart", CART, lambda **how: author.cart_add(slug, **how)

        def request() -> Answer:
            response = send(key=key, timeout=timeout)
            answer = form(response, step, self._look(author, response, path, shown))
            if answer.good:
                self.ledger.acknowledge(marker, request=answer.request_id)
            return answer

        return attempt(request, step)

    def _look(self, author: Visitor, written: Response, path: str, shown: str) -> Callable[[float], Answer]:
        """The author's next page view, in a browser of its own: another write of theirs must not lend it its cookie."""
        browser = Session(self.edge, author.cookies)
        browser.keep(written)
        step = "cart" if path == CART else "product"

        def request(timeout: float) -> Answer:
            response = browser.get(path, timeout=timeout)
            if response.status == 200 and shown.encode() not in response.body:
                where = f"{response['Server-Timing']} {response['X-Request-ID']}"
                return told(response, step, f"{UNSEEN} {shown} {where}")
            return page(response, step)

        return lambda timeout: attempt(lambda: request(timeout), step)

    # -- Reads: three of four as somebody known, whom the edge's cache does not serve --

    def _read(self, index: int, timeout: float) -> Answer:
        if self.orders and index % API_READS == API_READS - 1:
            return self.orders.read(index // API_READS, timeout)
        slug = self.slugs[(index * 7) % len(self.slugs)]
        step, path = (
            ("product", PRODUCT.format(slug)),
            ("search", f"{SEARCH}?q={slug.split('-')[0]}"),
            ("cart", CART),
            ("product", PRODUCT.format(slug)),
            ("home", HOME),
        )[index % 5]
        reader = self.edge if index % 4 == 0 and path != CART else self.authors[index % len(self.authors)]
        return attempt(lambda: page(reader.request("GET", path, timeout=timeout), step), step)
