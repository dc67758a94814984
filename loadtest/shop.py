"""What a visitor does in the shop, as requests: forms with their tokens, one request key for each form sent."""

import re
import uuid

from .edge import Edge, Response, Session

PASSWORD = "a-plain-Passphrase-42"  # of the accounts that tests and load make for themselves

HOME, SEARCH, CART = "/", "/search/", "/cart/"
LOGIN, REGISTER, TOKEN = "/accounts/login/", "/accounts/register/", "/form-token/"
PRODUCT, REVIEW, CART_ADD = "/products/{}/", "/products/{}/review/", "/products/{}/add/"
CHECKOUT, ORDERS, ORDER = "/checkout/", "/orders/", "/orders/{}/"


def email(name: str) -> str:
    """The address of the account that has this name."""
    return f"{name}@example.org"


def account(name: str) -> dict:
    """The fields of the form that opens it."""
    return {"email": email(name), "name": name, "password": PASSWORD}


class Visitor(Session):
    """A session that knows the shop's forms. The CSRF token is asked for once and kept, like in an open page."""

    def __init__(self, edge: Edge):
        super().__init__(edge)
        self.csrf = ""

    def form_token(self) -> dict:
        answer = self.get(TOKEN)
        assert answer.status == 200, f"{TOKEN} answers {answer.status}"
        return answer.json()

    def send(self, path: str, fields: dict, *, key: str | None = None, **options) -> Response:
        """Post a form with its hidden fields; the same key again is the same request."""
        if not self.csrf or "csrftoken" not in self.cookies:
            self.csrf = self.form_token()["csrf_token"]
        hidden = {"csrfmiddlewaretoken": self.csrf, "request_key": key or str(uuid.uuid4())}
        return self.post(path, hidden | fields, **options)

    def register(self, name: str) -> Response:
        answer = self.send(REGISTER, account(name))
        self.csrf = ""  # Django makes a new one at login
        return answer

    def login(self, name: str, password: str = PASSWORD) -> Response:
        answer = self.send(LOGIN, {"email": email(name), "password": password})
        self.csrf = ""
        return answer

    def review(self, slug: str, title: str, *, rating=4, text="Does what it says.", key=None, **options) -> Response:
        return self.send(REVIEW.format(slug), {"rating": rating, "title": title, "text": text}, key=key, **options)

    def cart_add(self, slug: str, quantity=1, *, key=None, **options) -> Response:
        return self.send(CART_ADD.format(slug), {"quantity": quantity}, key=key, **options)

    def checkout(self, *, key=None, **options) -> Response:
        """Look at what will be ordered, and order it; a good answer leads to the order's page."""
        page = self.get(CHECKOUT, **options)
        cart = re.search(r'name="cart" value="([^"]+)"', page.text)
        return self.send(CHECKOUT, {"cart": cart[1]}, key=key, **options) if cart else page

    def order(self, path: str, **options) -> Response:
        """What the script of an order's page asks for: `{"status": …}`."""
        return self.get(path, headers={"Accept": "application/json"}, **options)

    def cancel(self, path: str, *, key=None, **options) -> Response:
        return self.send(f"{path}cancel/", {}, key=key, **options)


def is_done(answer: Response) -> bool:
    """A form that took effect sends the visitor on, but not to the login page."""
    return answer.status in (302, 303) and LOGIN not in answer["Location"]


def categories(edge: Edge) -> list[str]:
    """Paths of the categories that the front page links to."""
    found = sorted(set(re.findall(r'href="(/categories/[\w-]+/)"', edge.request("GET", HOME).text)))
    assert found, "the front page links to no category"
    return found


def product_slugs(edge: Edge, wanted: int) -> list[str]:
    """Slugs of so many different products, gathered from the category pages like a crawler would."""
    paths = categories(edge)
    found: dict[str, None] = {}
    for page in range(1, 100):
        before = len(found)
        for category in paths:
            answer = edge.request("GET", f"{category}?page={page}")
            if answer.status == 200:
                found.update(dict.fromkeys(re.findall(r'href="/products/([\w-]+)/', answer.text)))
            if len(found) >= wanted:
                return list(found)[:wanted]
        if len(found) == before:
            break
    assert found, "no category lists a product"
    return list(found)
