"""What the people of a load test do: one function a step, each judging what it got. A wrong page is an error.

Which step, person and product belong to request number `index` follows from the plan and its seed alone.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import ceil
from random import Random
from threading import Semaphore

from . import api, buying, shop
from .api import Customer
from .buying import HELD, ORDERING, Buyers
from .edge import Edge
from .judged import form, page, told
from .outcome import READ, WRITE, Answer, attempt
from .profiles import Plan, Refused, order
from .shop import CART, HOME, LOGIN, PASSWORD, PRODUCT, REGISTER, SEARCH, TOKEN, Visitor, is_done

WORDS = ("lamp", "chair", "mug", "wool", "oak", "table", "bowl", "small", "blue", "tea")
SHELF = 12  # products that one person puts into the cart: a cart grows no longer than that
ACCOUNT_SHARE = 0.25  # of the people
PRODUCTS = 1000  # that are looked at, at most


@dataclass(eq=False)
class Person:
    visitor: Visitor
    name: str = ""  # of the account; empty: a guest
    customer: Customer | None = None  # the same account, as a program of theirs uses it


@dataclass
class Shop:
    """What there is to look at; found once, before the load."""

    slugs: list[str]
    categories: list[str]
    products: list[dict] = field(default_factory=list)  # as the API lists them, for whoever orders

    @classmethod
    def found(cls, edge: Edge, plan: Plan) -> "Shop":
        """AssertionError when it shows nothing."""
        listed = api.products(edge, PRODUCTS) if plan.asks_api else []
        return cls(shop.product_slugs(edge, PRODUCTS), shop.categories(edge), listed)


@dataclass
class People:
    """`send` fits openloop.Run. Who is next takes the next step, also while an earlier step of theirs is under way.

    Refused when there are too few for the plan's reviews. `accounts`: how many of them need one.
    """

    edge: Edge
    plan: Plan
    shop: Shop
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    here: list[Person] = field(default_factory=list)
    members: list[Person] = field(default_factory=list)

    def __post_init__(self):
        self.steps = order(self.plan)
        self.accounts = self._accounts()
        planned = sum(map(self.steps.count, ORDERING))
        self.buyers = Buyers(buying.goods(self.shop.products, planned) if self.plan.asks_api else [])
        self._turns, self._reviews, self._names = count(), count(), count()
        self._registering, self._arriving = Semaphore(2), Semaphore(4)

    def _accounts(self) -> int:
        """Some in any case, and enough for one review per person and product, and for one order at a time."""
        ordering = self.plan.share(*ORDERING)
        if not self.plan.share("review", "login") and not ordering:
            return 0
        reviews, orders = self.steps.count("review"), ceil(self.plan.peak * ordering * HELD)
        least = max(1, ceil(reviews / len(self.shop.slugs)), orders)
        if least > self.plan.users:
            raise Refused(
                f"{reviews} reviews, one per person and product, and {orders} orders at once need {least} people:"
                f" give USERS={least}"
            )
        return max(least, int(min(self.plan.users, 80) * ACCOUNT_SHARE))

    def arrive(self, number: int) -> Person:
        """Person `number` opens the shop, and registers if they are one of those with an account."""
        person = Person(Visitor(self.edge))
        if number < self.accounts:
            self.join(person, self.new_name())
        with self._arriving:
            person.visitor.csrf = person.visitor.form_token()["csrf_token"]
        self.here.append(person)
        return person

    def join(self, person: Person, name: str) -> None:
        """Hashing a password is a core's work for a while, so few do it at once."""
        person.name, person.customer = name, buying.customer(self.edge, name)
        with self._registering:
            answer = person.visitor.register(name)
            if not is_done(answer):
                raise Refused(f"registering answers {answer.status}")
            if self.plan.asks_api and (answer := person.customer.login()).status != 200:
                raise Refused(f"logging in over the API answers {answer.status}")
        self.members.append(person)
        self.buyers.free.put(person)

    def next(self) -> Person:
        return self.here[next(self._turns) % len(self.here)]

    def pair(self) -> tuple[Person, str]:
        """Somebody with an account and a product they have not reviewed yet."""
        turn, place = divmod(next(self._reviews), len(self.members))
        return self.members[place], self.shop.slugs[turn % len(self.shop.slugs)]

    def new_name(self) -> str:
        return f"load-{self.run}-{next(self._names)}"

    def send(self, kind: str, index: int, timeout: float) -> Answer:
        name = self.steps[index]
        return attempt(lambda: STEPS[name].do(self, Random(self.plan.seed << 32 | index), timeout), name)


class Mix:
    """The schedule of a plan: arrivals of openloop.Schedule, kinds of the steps."""

    def __init__(self, arrivals, steps: list[str]):
        self.arrivals, self.steps = arrivals, steps

    def __len__(self) -> int:
        return len(self.arrivals)

    def due(self, index: int) -> float:
        return self.arrivals.due(index)

    def kind(self, index: int) -> str:
        return STEPS[self.steps[index]].kind


# -- Steps: (people, chance, seconds left) -> Answer ------------------------------------------------------------------


def home(people: People, chance: Random, timeout: float) -> Answer:
    return page(people.next().visitor.get(HOME, timeout=timeout), "home", 'href="/categories/')


def category(people: People, chance: Random, timeout: float) -> Answer:
    path = chance.choice(people.shop.categories)
    return page(people.next().visitor.get(path, timeout=timeout), "category", 'href="/products/')


def product(people: People, chance: Random, timeout: float) -> Answer:
    path = PRODUCT.format(chance.choice(people.shop.slugs))
    return page(people.next().visitor.get(path, timeout=timeout), "product", f'action="{path}add/"')


def search(people: People, chance: Random, timeout: float) -> Answer:
    word = chance.choice(WORDS)
    return page(people.next().visitor.get(f"{SEARCH}?q={word}", timeout=timeout), "search", f"<h1>“{word}”")


def cart(people: People, chance: Random, timeout: float) -> Answer:
    return page(people.next().visitor.get(CART, timeout=timeout), "cart", "<h1>Your cart")


def add_to_cart(people: People, chance: Random, timeout: float) -> Answer:
    person = people.next()
    slugs, first = people.shop.slugs, people.here.index(person) * SHELF
    slug = slugs[(first + chance.randrange(SHELF)) % len(slugs)]
    return form(person.visitor.cart_add(slug, timeout=timeout), "add_to_cart")


def review(people: People, chance: Random, timeout: float) -> Answer:
    author, slug = people.pair()
    title = f"Opinion {people.run} {chance.randrange(10**6)}"
    return form(author.visitor.review(slug, title, rating=chance.randint(1, 5), timeout=timeout), "review")


def register(people: People, chance: Random, timeout: float) -> Answer:
    return from_elsewhere("register", people, REGISTER, shop.account(people.new_name()), timeout)


def login(people: People, chance: Random, timeout: float) -> Answer:
    """Somebody with an account, from another browser."""
    fields = {"email": shop.email(chance.choice(people.members).name), "password": PASSWORD}
    return from_elsewhere("login", people, LOGIN, fields, timeout)


def from_elsewhere(step: str, people: People, path: str, fields: dict, timeout: float) -> Answer:
    """A form sent from a browser that has no cookie yet. Where its token is refused, the step is."""
    visitor = Visitor(people.edge)
    token = visitor.get(TOKEN, timeout=timeout)
    if token.status != 200:
        return told(token, step, f"{TOKEN}: {token.status}")
    visitor.csrf = token.json()["csrf_token"]
    return form(visitor.send(path, fields, timeout=timeout), step)


@dataclass(frozen=True)
class Step:
    kind: str
    do: Callable[[People, Random, float], Answer]


read, write = partial(Step, READ), partial(Step, WRITE)
STEPS = {step.do.__name__: step for step in map(read, (home, category, product, search, cart, *buying.READS))}
STEPS |= {step.do.__name__: step for step in map(write, (add_to_cart, review, register, login, *buying.WRITES))}
