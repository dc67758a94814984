"""Orders of a load test: watched until they are confirmed, one at a time for each buyer, taken back in turn."""

import json
from types import SimpleNamespace

import pytest

from loadtest import api, buying, journeys
from loadtest.buying import goods
from loadtest.journeys import People, Person, Shop
from loadtest.openloop import Run
from loadtest.outcome import CONFIRMED, LOOK, REFUSED, WRONG
from loadtest.profiles import Refused, plan

from .cardboard import response

SLUGS = [f"thing-{number}" for number in range(50)]
SHOP = Shop(SLUGS, [], [{"id": f"id-{slug}", "slug": slug, "stock": 100} for slug in SLUGS])
PLACED = response(302, Location="/orders/7/")


def data(code: int, /, **body):
    return response(code, json.dumps(body).encode(), X_Consistency_Token="seen-1")


class Account:
    """A visitor, or a customer: what is asked is remembered; an order's statuses come in turn, the last one again."""

    def __init__(self, statuses=("pending", "confirmed")):
        self.asked, self.statuses = [], list(statuses)
        self.filled, self.placed = response(302, Location="/cart/"), PLACED
        self.placed_by_program = data(201, id="order-7", status="pending")

    def _status(self) -> str:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def cart_add(self, slug, **_):
        self.asked.append(slug)
        return self.filled

    def checkout(self, **_):
        self.asked.append("checkout")
        return self.placed

    def get(self, path, **_):
        self.asked.append(path)
        return response(200, b"<html></html>")

    def order(self, what, *, key=None, **_):
        """A visitor's look, by the page's path; a customer's order, of items."""
        self.asked.append((what, key) if key else what)
        return self.placed_by_program if key else data(200, status=self._status())

    def look(self, order, *, seen, **_):
        self.asked.append((order, seen))
        return data(200, id=order, status=self._status())

    def cancel(self, order, *, key=None, **_):
        self.asked.append(f"cancel {order}")
        return data(200, id=order, status="cancelled") if key else PLACED


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(buying, "POLL", 0.0)


def people(*accounts: Account) -> People:
    here = People(None, plan({"PROFILE": "buy", "DURATION": "5"}), SHOP)
    for account in accounts:
        here.members.append(Person(account, "somebody", account))
        here.buyers.free.put(here.members[-1])
    here.here = here.members
    return here


def play(here: People, *steps: str) -> list:
    """Outcomes of these steps, one after the other, with their looks."""
    here.steps[: len(steps)] = steps
    outcomes = []
    for index in range(len(steps)):
        schedule = SimpleNamespace(kind=lambda _: "write", due=lambda _: 0.0, __len__=lambda _: 1)
        run = Run(here.send, schedule, outcomes.append)
        run.zero = 0.0
        run.now = lambda: 0.0
        run._one(index)
        assert run._error is None
    return outcomes


@pytest.mark.parametrize("step", ["order", "api_order"])
def test_an_order_is_watched_until_it_is_confirmed(step):
    account = Account(["pending", "pending", "confirmed"])
    here = people(account)
    placed, seen = play(here, step)
    assert (placed.kind, placed.step, placed.good) == ("write", step, True)
    assert (seen.kind, seen.step, seen.good) == (LOOK, CONFIRMED, True)
    assert len(account.asked) == {"order": 5, "api_order": 4}[step]
    assert here.buyers.free.qsize() == 1
    assert len(here.buyers.pages) + len(here.buyers.programs) == 1


def test_in_the_shop_a_cart_is_filled_and_checked_out():
    account = Account()
    play(people(account), "order")
    assert account.asked == [SLUGS[0], "checkout", "/orders/7/", "/orders/7/"]


def test_a_program_sees_what_it_wrote_and_has_a_key_of_its_own_each_time():
    account = Account()
    play(people(account), "api_order", "api_order")
    orders = [asked for asked in account.asked if isinstance(asked[0], dict)]
    assert [wish for wish, _ in orders] == [{f"id-{SLUGS[0]}": 1}, {f"id-{SLUGS[1]}": 1}]
    assert len({key for _, key in orders}) == 2
    assert ("order-7", "seen-1") in account.asked


@pytest.mark.parametrize("step", ["order", "api_order"])
@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_an_order_that_ends_otherwise_has_failed_and_its_buyer_is_free(step, status):
    here = people(Account(["pending", status]))
    _, seen = play(here, step)
    assert (seen.status, seen.step) == (WRONG, CONFIRMED)
    assert status in seen.detail
    assert here.buyers.free.qsize() == 1
    assert not here.buyers.pages
    assert not here.buyers.programs


@pytest.mark.parametrize("step", ["order", "api_order"])
def test_a_refused_order_is_not_watched_and_its_buyer_is_free(step):
    account = Account()
    account.placed = account.placed_by_program = response(503, Retry_After="5")
    here = people(account)
    [only] = play(here, step)
    assert (only.status, only.detail.startswith(REFUSED)) == (503, True)
    assert here.buyers.free.qsize() == 1


def test_a_cart_that_takes_nothing_is_not_checked_out():
    account = Account()
    account.filled = response(422)
    [only] = play(people(account), "order")
    assert (only.status, only.step) == (422, "order")
    assert account.asked == [SLUGS[0]]


def test_a_till_that_leads_elsewhere_has_ordered_nothing():
    account = Account()
    account.placed = response(302, Location="/cart/")
    [only] = play(people(account), "order")
    assert (only.status, only.detail) == (WRONG, "no order, but /cart/")


def test_an_answer_without_a_status_is_wrong():
    account = Account()
    account.order = lambda path, **_: data(200)
    _, seen = play(people(account), "order")
    assert (seen.status, seen.detail) == (WRONG, "no status")


def test_who_raises_is_free_again():
    account = Account()
    account.checkout = lambda **_: 1 / 0
    here = people(account)
    [only] = play(here, "order")
    assert (only.status, only.step) == (0, "order")
    account.checkout, account.order = (lambda **_: PLACED), (lambda *_, **__: 1 / 0)
    _, seen = play(here, "order")
    assert (seen.status, seen.step) == (0, CONFIRMED)
    assert here.buyers.free.qsize() == 1


def test_when_all_are_busy_it_is_said():
    here = people()
    answer = buying.order(here, None, 0.01)
    assert (answer.status, answer.step) == (0, "order")
    assert "busy" in answer.detail


@pytest.mark.parametrize(("step", "address"), [("cancel", "cancel /orders/7/"), ("api_cancel", "cancel order-7")])
def test_the_oldest_order_is_taken_back_and_before_there_is_one_somebody_orders(step, address):
    account = Account()
    here = people(account)
    first, _, second = play(here, step, step)
    assert [first.step, second.step] == [{"cancel": "order", "api_cancel": "api_order"}[step], step]
    assert second.good
    assert account.asked[-1] == address


def test_the_api_is_read():
    asked = []

    def request(method, path, **_):
        asked.append(path)
        if path == api.PRODUCTS:
            return data(200, items=[{"id": "x"}], next=None)
        return data(200, id=path.split("/")[3])

    here = people(Account())
    here.edge = SimpleNamespace(request=request)
    assert [outcome.good for outcome in play(here, "api_products", "api_product")] == [True, True]
    here.edge = SimpleNamespace(request=lambda *_, **__: data(200, items=[], id="another"))
    assert [outcome.status for outcome in play(here, "api_products", "api_product")] == [WRONG, WRONG]


def test_somebody_registers_over_the_api():
    here = people(Account())
    here.edge = SimpleNamespace(request=lambda *_, **__: data(201, id="user-1"))
    [answer] = play(here, "api_register")
    assert answer.good


def test_ones_orders_are_a_page():
    [answer] = play(people(Account()), "orders")
    assert answer.good


def test_only_what_lasts_is_ordered():
    some = [{"stock": 9}, {"stock": 10}, {"stock": 12}, {"stock": 500}]
    assert goods(some, 3) == some[1:]
    assert goods(some, 8) == some[2:]
    with pytest.raises(Refused, match="of 4 products only 1 are there 20 times"):
        goods(some, 40)


def test_a_member_has_a_program_of_the_same_account(monkeypatch):
    logins = []
    monkeypatch.setattr(buying.Customer, "login", lambda self: logins.append(self.email) or data(200))
    monkeypatch.setattr(journeys.Visitor, "register", lambda self, name: response(302, Location="/"))
    here = People(None, plan({"PROFILE": "buy"}), SHOP)
    person = Person(journeys.Visitor(None))
    here.join(person, "tove")
    assert logins == [person.customer.email] == ["tove@example.org"]
    assert here.buyers.free.get_nowait() is person
    monkeypatch.setattr(buying.Customer, "login", lambda self: data(503))
    with pytest.raises(Refused, match="over the API answers 503"):
        here.join(person, "tove")
