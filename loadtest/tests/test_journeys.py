"""People and steps: a wrong page is an error, a refusal is told apart, nobody reviews a product twice."""

from dataclasses import dataclass, field

import pytest

from loadtest import journeys
from loadtest.edge import Response
from loadtest.journeys import STEPS, Mix, People, Person, Shop
from loadtest.openloop import Schedule
from loadtest.outcome import REFUSED, WRONG
from loadtest.profiles import Refused, plan

from .cardboard import Edge, response

SLUGS = [f"thing-{number}" for number in range(50)]
GOODS = [{"id": f"id-{slug}", "slug": slug, "stock": 100} for slug in SLUGS]
SHOP = Shop(SLUGS, ["/categories/things/"], GOODS)


@dataclass
class Visitor:
    """Answers everything with the same, and remembers what it was asked."""

    answer: Response
    asked: list = field(default_factory=list)

    def get(self, path, **_):
        self.asked.append(path)
        return self.answer

    def review(self, slug, title, **_):
        self.asked.append(slug)
        return self.answer

    def cart_add(self, slug, **_):
        self.asked.append(slug)
        return self.answer


def people(answer: Response, users=2, **settings) -> People:
    here = People(None, plan({"USERS": str(users), "DURATION": "5"} | settings), SHOP)
    here.here = [Person(Visitor(answer)) for _ in range(users)]
    here.members = here.here
    return here


def test_a_shop_is_what_its_pages_show():
    found = Shop.found(Edge(), plan({"PROFILE": "browse"}))
    assert (len(found.slugs), found.categories) == (600, ["/categories/all/"])


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (lambda *_: b"<html></html>", "links to no category"),
        (lambda *_: b'<html><a href="/categories/all/"></html>', "no category lists a product"),
    ],
)
def test_a_shop_without_products_is_said_before_the_load(page, said):
    edge = Edge()
    edge.shop.page = page
    with pytest.raises(AssertionError, match=said):
        Shop.found(edge, plan({"PROFILE": "browse"}))


@pytest.mark.parametrize("step", ["home", "category", "product", "search", "cart"])
def test_a_page_without_what_it_must_have_is_wrong(step):
    here = people(response(200, b"<h1>Log in</h1></html>"))
    here.steps[0] = step
    answer = here.send("read", 0, 60)
    assert (answer.status, answer.step) == (WRONG, step)
    assert "a page without" in answer.detail


def test_a_step_that_raises_is_no_answer_under_its_name(monkeypatch):
    here = people(response(200))
    monkeypatch.setattr(here, "next", lambda: 1 / 0)
    here.steps[0] = "home"
    answer = here.send("read", 0, 60)
    assert (answer.status, answer.step) == (0, "home")
    assert "ZeroDivisionError" in answer.detail


def test_a_refused_page_passes_through_send_as_refused():
    here = people(response(503, Retry_After="5"))
    here.steps[0] = "product"
    answer = here.send("read", 0, 60)
    assert (answer.status, answer.retry_after) == (503, 5.0)
    assert answer.detail.startswith(REFUSED)


def test_people_take_turns_and_the_same_seed_asks_for_the_same():
    first, second = people(response(200)), people(response(200))
    for here in (first, second):
        here.steps[:4] = ["product"] * 4
        for index in range(4):
            here.send("read", index, 60)
    assert [len(person.visitor.asked) for person in first.here] == [2, 2]
    assert [p.visitor.asked for p in first.here] == [p.visitor.asked for p in second.here]


def test_nobody_reviews_a_product_twice():
    here = people(response(302, Location="/products/x/"))
    pairs = [here.pair() for _ in range(len(SHOP.slugs) * len(here.members))]
    assert len({(id(person), slug) for person, slug in pairs}) == len(pairs)


def test_too_few_people_for_so_many_reviews_is_said_before_the_load():
    with pytest.raises(Refused, match="give USERS="):
        People(None, plan({"PROFILE": "buy", "USERS": "2", "RATE": "100", "DURATION": "60"}), SHOP)


def test_too_few_people_for_so_many_orders_at_once_is_said_before_the_load():
    with pytest.raises(Refused, match="72 orders at once need 72 people: give USERS=72"):
        People(None, plan({"PROFILE": "buy", "USERS": "24", "RATE": "100", "DURATION": "5"}), SHOP)


def test_who_only_browses_needs_no_account():
    assert People(None, plan({"PROFILE": "browse"}), SHOP).accounts == 0


def test_a_cart_grows_no_longer_than_a_shelf():
    here = people(response(302, Location="/cart/"), users=1, PROFILE="browse")
    here.shop = Shop([f"thing-{number}" for number in range(100)], [])
    here.steps[:90] = ["add_to_cart"] * 90
    for index in range(90):
        assert here.send("write", index, 60).good
    assert len(set(here.here[0].visitor.asked)) == journeys.SHELF


def test_the_mix_is_due_as_the_arrivals_and_kind_as_its_steps():
    mix = Mix(Schedule(((2, 2),)), ["home", "review", "cart", "login"])
    assert [mix.kind(index) for index in range(len(mix))] == ["read", "write", "read", "write"]
    assert mix.due(3) == 1.5


def test_every_step_is_named_as_its_function():
    assert all(step.do.__name__ == name for name, step in STEPS.items())
