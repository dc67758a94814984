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
from .ledger import Ledger
from .openloop import WRITE, Answer
from .shop import CART, HOME, PRODUCT, SEARCH, Visitor, is_done, product_slugs

UNSEEN = "unseen"  # the detail of a look that did not show the write
FROM_CACHE = ("HIT", "STALE")
AUTHORS = 6
PRODUCTS = 600


class Traffic:
    """`send` fits openloop.Run. One object serves many runs: pairs are never used again."""

    def __init__(self, edge: Edge, ledger: Ledger):
        self.edge, self.ledger = edge, ledger
        self.name = uuid.uuid4().hex[:10]
        self.slugs = product_slugs(edge, PRODUCTS)
        assert len(self.slugs) == PRODUCTS, f"only {len(self.slugs)} products found"
        self.authors = [self._author(number) for number in range(AUTHORS)]
        self._numbers = itertools.count()
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

        All AUTHORS x PRODUCTS pairs are different, because PRODUCTS is a multiple of AUTHORS.
        """
        turn, place = divmod(number, PRODUCTS)
        return self.slugs[place], self.authors[(place + turn) % AUTHORS]

    def send(self, kind: str, index: int, timeout: float) -> Answer:
        return self._write(timeout) if kind == WRITE else self._read(index, timeout)

    # -- Writes --

    def _write(self, timeout: float) -> Answer:
        with self._lock:
            number = next(self._numbers)
        slug, author = self._pair(number)
        if number % 2:
            marker = shown = f"review {self.name} {number}"
            page = PRODUCT.format(slug)
            answer = author.review(slug, marker, timeout=timeout)
        else:
            marker, shown, page = f"cart {author.name} {slug}", PRODUCT.format(slug), CART
            answer = author.cart_add(slug, timeout=timeout)
        if is_done(answer):
            self.ledger.acknowledge(marker, request=answer["X-Request-ID"])
            return Answer(answer.status, look=self._look(author, answer, page, shown))
        # A redirect to the login page, or a form shown again with 200, is no effect: not counted as good.
        status = answer.status if answer.status >= 400 else 0
        return Answer(status, f"{answer.status} {answer['Location']} {answer['X-Request-ID']}".strip())

    def _look(self, author: Visitor, written: Response, page: str, shown: str) -> Callable[[float], Answer]:
        """The author's next page view, in a browser of its own: another write of theirs must not lend it its cookie."""
        browser = Session(self.edge, author.cookies)
        browser.keep(written)

        def look(timeout: float) -> Answer:
            answer = browser.get(page, timeout=timeout)
            if answer.status == 200 and shown not in answer.text:
                return Answer(0, f"{UNSEEN}: {shown} {answer['Server-Timing']} {answer['X-Request-ID']}")
            return Answer(answer.status, page if answer.status != 200 else "", answer["X-Cache"] in FROM_CACHE)

        return look

    # -- Reads: three of four as somebody known, whom the edge's cache does not serve --

    def _read(self, index: int, timeout: float) -> Answer:
        slug = self.slugs[(index * 7) % len(self.slugs)]
        paths = (PRODUCT.format(slug), f"{SEARCH}?q={slug.split('-')[0]}", CART, PRODUCT.format(slug), HOME)
        path = paths[index % len(paths)]
        if index % 4 == 0 and path != CART:
            answer = self.edge.request("GET", path, timeout=timeout)
        else:
            answer = self.authors[index % AUTHORS].get(path, timeout=timeout)
        if answer.status == 200 and "</html>" not in answer.text[-200:].lower():
            return Answer(0, f"{path}: half a page")
        return Answer(answer.status, path if answer.status != 200 else "", answer["X-Cache"] in FROM_CACHE)
