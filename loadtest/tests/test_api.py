"""The client of the API: one account, its tokens renewed in time by one thread, answers judged."""

import threading

import pytest

from loadtest import api
from loadtest.api import Customer, call, judged, problem, products
from loadtest.outcome import REFUSED, WRONG

from .cardboard import Edge, response


class Recorded(Edge):
    """What was asked for, in order."""

    def __init__(self):
        super().__init__()
        self.asked: list[tuple[str, str, dict]] = []
        self.away: list[Exception] = []  # of the next questions about a token

    def request(self, method, path, *, body=b"", headers=None, timeout=60.0):
        self.asked.append((method, path, headers or {}))
        if path.startswith("/api/auth/") and self.away:
            raise self.away.pop(0)
        return super().request(method, path, body=body, headers=headers, timeout=timeout)

    def count(self, path: str) -> int:
        return sum(asked == path for _, asked, _ in self.asked)


@pytest.fixture
def edge() -> Recorded:
    return Recorded()


@pytest.fixture
def buyer(edge) -> Customer:
    buyer = Customer(edge, "buyer@example.org")
    assert buyer.register(key="a-key-of-its-own").status == 201
    return buyer


def test_an_account_is_registered_once_and_knows_its_id(edge, buyer):
    assert (buyer.id, buyer.name) == ("user-0000", "buyer")
    again = Customer(edge, "buyer@example.org")
    assert (again.register().status, again.id) == (409, "")


def test_the_first_request_logs_in_and_shows_the_token(edge, buyer):
    answer = buyer.order({"product-0001": 2}, key="one-order")
    assert answer.status == 201
    method, path, headers = edge.asked[-1]
    assert (method, path, headers["Idempotency-Key"]) == ("POST", "/api/orders/", "one-order")
    assert headers["Authorization"] == "Bearer user-0000:1"
    assert edge.count(api.TOKEN) == 1


def test_the_same_key_is_the_same_order(buyer):
    first, second = (buyer.order({"product-0001": 2}, key="one-order").json() for _ in range(2))
    assert first == second
    assert [order["id"] for order in buyer.orders().json()["items"]] == [first["id"]]


def test_a_look_carries_the_consistency_token(edge, buyer):
    placed = buyer.order({"product-0001": 2}, key="one-order")
    order = placed.json()["id"]
    assert buyer.look(order, seen=placed[api.SEEN]).json()["id"] == order
    assert edge.asked[-1][2][api.SEEN] == f"after {order}"


def test_an_order_is_cancelled_and_another_s_is_not_there(edge, buyer):
    order = buyer.order({"product-0001": 2}, key="one-order").json()["id"]
    assert buyer.cancel(order, key="its-cancel").json()["status"] == "cancelled"
    other = Customer(edge, "other@example.org")
    other.register()
    assert other.look(order).status == 404


def test_a_token_is_renewed_before_it_ends(edge, buyer):
    buyer.login()
    buyer._ends -= 900 - api.EARLY + 1
    buyer.orders()
    assert edge.count(api.REFRESH) == 1
    buyer.orders()
    assert edge.count(api.REFRESH) == 1, "the new one is good for a while"
    assert edge.asked[-1][2]["Authorization"] == "Bearer user-0000:2"


def test_while_one_renews_nobody_waits_for_a_token_that_is_still_good(edge, buyer):
    buyer.login()
    buyer._ends -= 900 - api.EARLY / 2
    with buyer._renewing:
        assert buyer.orders().status == 200
    assert edge.count(api.REFRESH) == 0


def test_of_many_without_a_token_one_logs_in(edge, buyer):
    threads = [threading.Thread(target=buyer.orders) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (edge.count(api.TOKEN), edge.count(api.ORDERS)) == (1, 8)


def test_a_renewal_that_fails_is_left_for_a_while_and_the_old_token_serves(edge, buyer):
    buyer.login()
    buyer._ends -= 900 - api.EARLY / 2
    edge.away = [ConnectionError("users are away")]
    assert [buyer.orders().status for _ in range(3)] == [200] * 3
    assert edge.count(api.REFRESH) == 1
    buyer._again = 0.0
    assert buyer.orders().status == 200
    assert edge.count(api.REFRESH) == 2


def test_without_a_token_the_refusal_is_the_answer(edge):
    nobody = Customer(edge, "nobody@example.org")
    assert nobody.orders().status == 401
    assert edge.count(api.ORDERS) == 0
    edge.away = [ConnectionError("users are away")]
    with pytest.raises(ConnectionError):
        nobody.orders()


def test_a_refresh_token_that_is_refused_is_replaced_by_logging_in(edge, buyer):
    buyer.login()
    buyer._ends, buyer._refresh = 0.0, ":of an account that is gone"
    assert buyer.orders().status == 200
    assert [edge.count(path) for path in (api.REFRESH, api.TOKEN)] == [1, 2]


def test_products_are_gathered_over_pages(edge):
    found = products(edge, 700)
    assert len({one["id"] for one in found}) == 700
    assert [path for _, path, _ in edge.asked] == ["/api/products/", "/api/products/?page=400"]
    assert len(products(edge, 5000)) == 1000, "all there are"


def test_what_the_edge_still_has_of_a_while_ago_is_asked_for_again(edge):
    now, states = edge.shop.answer, iter(["STALE", "UPDATING", "HIT"])

    def answer(*asked):
        status, headers, body = now(*asked)
        return status, headers | {"X-Cache": next(states)}, body

    edge.shop.answer = answer
    assert len(products(edge, 10)) == 10
    assert edge.count("/api/products/") == 3


def test_a_list_that_is_none_is_said(edge):
    edge.shop.api.products = []
    with pytest.raises(AssertionError, match="lists no product"):
        products(edge, 10)
    edge.shop.answer = lambda *_: (503, {}, b"")
    with pytest.raises(AssertionError, match="/api/products/ answers 503"):
        products(edge, 10)


# -- What an answer is worth -------------------------------------------------------------------------------------------


def test_what_was_asked_for_is_good_and_its_look_follows():
    def look(timeout):
        return None

    answer = judged(response(201, b'{"id": 1}', X_Request_ID="abc"), "order", 201, look=look)
    assert (answer.good, answer.step, answer.request_id, answer.look) == (True, "order", "abc", look)


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (response(200, b'{"id": 1}'), WRONG, '200 {"id": 1}'),
        (response(201, b"<html>"), WRONG, "no JSON"),
        (response(201, b'{"id": 2}'), WRONG, "not mine"),
        (response(404, b'{"title": "Not Found", "detail": "No such order."}'), 404, "404 Not Found: No such order."),
        (response(500, b"oh"), 500, "500 oh"),
        (response(500, b"[]"), 500, "500 []"),
        (response(503, b"{}", Retry_After="2"), 503, f"{REFUSED} 503, again in 2 s"),
    ],
)
def test_anything_else_is_wrong_or_refused(answer, status, detail):
    found = judged(answer, "order", 201, lambda body: "" if body["id"] == 1 else "not mine")
    assert (found.status, found.detail, found.good) == (status, detail, False)


def test_a_problem_is_a_line():
    long = response(400, b'{"title": "' + b"x" * 500 + b'"}')
    assert len(problem(long)) == 200


def test_what_is_not_given_is_no_header(edge):
    call(edge, "GET", "/api/products/")
    assert set(edge.asked[-1][2]) == {"Accept"}
