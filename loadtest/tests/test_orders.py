"""Orders of the mixed load: what is ordered, by whom, how it is told apart, looked at, sent again."""

import pytest

from loadtest.ledger import Ledger, lines
from loadtest.openloop import Run, Schedule
from loadtest.orders import GOODS, MOST_BUYERS, QUANTITIES, Orders, UsedUp, buyers_for, marker
from loadtest.outcome import LOOK, READ, UNSEEN, WRITE, WRONG
from loadtest.retry import Retry
from loadtest.traffic import Traffic, orders_among

from .cardboard import Edge, response

QUICK = Retry(first=0.01, longest=0.01)


@pytest.fixture
def edge():
    return Edge()


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", lambda descriptor: None)


@pytest.fixture
def orders(edge, ledger):
    return Orders(edge, ledger, "test", buyers=2)


@pytest.fixture
def traffic(edge, ledger):
    """Every write is an order."""
    return Traffic(edge, ledger, share=1.0, buyers=2)


def play(traffic, count, retry=None, write_share=1.0):
    return Run(traffic.send, Schedule.constant(100, count / 100, write_share), retry=retry).start().join()


# -- What is ordered ---------------------------------------------------------------------------------------------------


def test_no_two_orders_look_alike_and_then_there_is_none(orders):
    most = len(orders.buyers) * GOODS * QUANTITIES
    wishes = [orders.wish(number) for number in range(most)]
    assert len({marker(buyer.id, items) for buyer, items in wishes}) == most
    assert {len(items) for _, items in wishes} == {1, 2}
    with pytest.raises(UsedUp, match=f"2 buyers, {GOODS} products: nothing new for order {most + 1}"):
        orders.wish(most)


def test_the_same_number_is_the_same_wish(orders):
    assert orders.wish(7) == orders.wish(7)


def test_what_must_not_sell_out_is_left_alone_and_what_there_is_most_of_is_taken(edge, ledger):
    carts = {product["slug"]: product["id"] for product in edge.shop.api.products[:600]}
    edge.shop.api.products[700]["stock"] = 10_000
    found = Orders(edge, ledger, "test", buyers=1, avoid=carts)
    assert not set(found.goods) & set(carts.values())
    assert found.goods[0] == "product-0700"


def test_without_products_nothing_can_be_ordered(edge, ledger):
    with pytest.raises(AssertionError, match="nothing to order"):
        Orders(edge, ledger, "test", avoid=[product["slug"] for product in edge.shop.api.products])


def test_a_buyer_who_cannot_register_is_said(edge, ledger):
    edge.shop.api.users["buyer-test-0@example.org"] = "another"
    with pytest.raises(AssertionError, match=r"buyer-test-0@example\.org: 409"):
        Orders(edge, ledger, "test")


@pytest.mark.parametrize(("orders", "buyers"), [(0, 4), (3200, 4), (3201, 5), (48_000, 60)])
def test_there_are_buyers_enough_for_what_is_planned(orders, buyers):
    assert buyers_for(orders) == buyers


def test_more_than_can_be_told_apart_is_refused():
    most = MOST_BUYERS * GOODS * QUANTITIES
    with pytest.raises(UsedUp, match=f"{most + 1} orders are planned, and no more than {most}"):
        buyers_for(most + 1)


def test_a_marker_is_buyer_and_items_in_one_order():
    assert marker("me", {"b": 1, "a": 3}) == marker("me", {"a": 3, "b": 1}) == "order me ax3,bx1"


# -- Among the other writes --------------------------------------------------------------------------------------------


def test_a_share_of_the_writes_are_orders_and_the_others_keep_their_pairs(edge, ledger, tmp_path):
    traffic = Traffic(edge, ledger, share=1 / 3)
    outcomes = play(traffic, 30)
    assert all(outcome.raw_good for outcome in outcomes), [o.detail for o in outcomes if not o.raw_good]
    steps = [outcome.step for outcome in outcomes if outcome.kind == WRITE]
    assert [steps.count(step) for step in ("order", "review", "add_to_cart")] == [10, 10, 10]
    assert len(edge.shop.api.orders) == 10
    assert {count for cart in edge.shop.carts.values() for count in cart.values()} == {1}
    kinds = [line["marker"].split()[0] for line in lines(tmp_path / "ledger")]
    assert [kinds.count(kind) for kind in ("order", "review", "cart")] == [10, 10, 10]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.33, 0.5, 1.0])
def test_the_share_is_kept_from_the_first_write_on(share):
    found = [orders_among(number + 1, share) - orders_among(number, share) for number in range(100)]
    assert set(found) <= {0, 1}
    assert sum(found) == round(100 * share)


def test_without_orders_nobody_buys_and_nothing_asks_the_api(edge, ledger):
    traffic = Traffic(edge, ledger)
    outcomes = play(traffic, 30, write_share=0.5)
    assert traffic.buyers == []
    assert not edge.shop.api.users
    assert not {outcome.step for outcome in outcomes} & {"order", "api_order", "api_product", "api_me"}


def test_some_reads_ask_the_api(traffic):
    play(traffic, 5)
    steps = [outcome.step for outcome in play(traffic, 36, write_share=0.0)]
    assert [steps.count(step) for step in ("api_product", "api_order", "api_me")] == [2, 2, 2]


def test_before_the_first_order_none_is_looked_at(traffic):
    outcomes = play(traffic, 12, write_share=0.0)
    assert {o.step for o in outcomes if o.step.startswith("api_")} == {"api_product"}
    assert all(o.kind == READ and o.raw_good for o in outcomes)


# -- Sent again, looked at ---------------------------------------------------------------------------------------------


def test_a_failed_order_is_sent_again_with_the_same_key_and_body(traffic, edge):
    edge.troubles = [ConnectionError("gone"), response(503, Retry_After="0")]
    (write, look) = play(traffic, 1, QUICK)
    assert (write.first_status, write.status, write.tries, look.good) == (0, 201, 3, True)
    assert len(edge.sent) == 3
    assert len(set(edge.sent)) == 1
    assert edge.sent[0][2], "a key"


def test_an_order_whose_answer_was_lost_is_placed_once(traffic, edge, tmp_path):
    edge.troubles = [ConnectionError("lost on the way back")]
    play(traffic, 1, QUICK)
    (order,) = edge.shop.api.orders.values()
    (line,) = lines(tmp_path / "ledger")
    assert (line["order"], line["buyer"]) == (order["id"], order["user"])
    assert line["marker"] == marker(order["user"], {one["product_id"]: one["quantity"] for one in order["items"]})


def test_every_order_has_a_key_of_its_own(traffic, edge):
    play(traffic, 20)
    assert len({key for _, _, key in edge.sent}) == 20


def test_an_order_that_its_buyer_does_not_find_is_unseen(traffic, edge):
    edge.shop.api.orders = Forgetful()
    outcomes = play(traffic, 3, QUICK)
    looks = [outcome for outcome in outcomes if outcome.kind == LOOK]
    assert [look.status for look in looks] == [404] * 3
    assert all(look.detail.startswith(f"{UNSEEN} order ") and look.tries == 1 for look in looks)


class Forgetful(dict):
    """What is put in is gone."""

    def __setitem__(self, key, value):
        pass


def test_another_s_order_is_no_answer(traffic, edge):
    edge.troubles = [response(201, b'{"id": "order-9", "items": [{"product_id": "x", "quantity": 1}]}')]
    (write,) = play(traffic, 1, QUICK)
    assert (write.status, write.tries) == (WRONG, 1)
    assert "another order" in write.detail


def test_a_look_that_fails_is_no_unseen_order(traffic, edge, monkeypatch):
    for buyer in traffic.orders.buyers:
        monkeypatch.setattr(buyer, "look", lambda *_, **__: response(500, b"oh"))
    (_, look) = play(traffic, 1)
    assert (look.status, look.detail) == (500, "500 oh")
