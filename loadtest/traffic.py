"""The mixed load of the guarantees: reads that mostly cannot come from the edge's cache, and keyed writes with markers.

A write is a review or a cart change. Each has its own (author, product) pair, so that the tables show both faults: an
acknowledged write that is missing, and one that took effect twice (a cart then holds two of the product). After each
acknowledged write its author looks at the page that must show it.
"""

import itertools
import threading
import uuid
from collections.abc import Callable

from .edge import Edge, Response, Session
from .judged import form, page, told
from .ledger import Ledger
from .outcome import UNSEEN, WRITE, Answer, attempt
from .shop import CART, HOME, PRODUCT, SEARCH, Visitor, is_done, product_slugs

AUTHORS, MOST_AUTHORS = 6, 100
PRODUCTS = 600


class UsedUp(Exception):
    """More writes than can be told apart."""


def authors_for(writes: int) -> int:
    """How many authors have a pair for each of so many writes: a divisor of PRODUCTS. Each has to register first."""
    for authors in range(AUTHORS, MOST_AUTHORS + 1):
        if PRODUCTS % authors == 0 and authors * PRODUCTS >= writes:
            return authors
    raise UsedUp(f"{writes} writes are planned, and no more than {MOST_AUTHORS * PRODUCTS} can be told apart")


class Traffic:
    """`send` fits openloop.Run, with and without retries. One object serves many runs: pairs are never used again.

    Invariant: a write that failed is sent again under its index as the same write: number, request key, body.
    """

    def __init__(self, edge: Edge, ledger: Ledger, authors: int = AUTHORS):
        self.edge, self.ledger = edge, ledger
        self.name = uuid.uuid4().hex[:10]
        self.slugs = product_slugs(edge, PRODUCTS)
        assert len(self.slugs) == PRODUCTS, f"only {len(self.slugs)} products found"
        self.authors = [self._author(number) for number in range(authors)]
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
        number = self._number(index)
        slug, author = self._pair(number)
        options = {"key": self._key(number), "timeout": timeout}
        if number % 2:
            marker = shown = f"review {self.name} {number}"
            step, path, send = "review", PRODUCT.format(slug), lambda: author.review(slug, marker, **options)
        else:
            marker, shown = f"cart {author.name} {slug}", PRODUCT.format(slug)
            step, path, send = "add_to_cart", CART, lambda: author.cart_add(slug, **options)

        def request() -> Answer:
            response = send()
            answer = form(response, step, self._look(author, response, path, shown))
            if answer.good:
                self.ledger.acknowledge(marker, request=answer.request_id)
                self._begun.pop(index, None)
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
