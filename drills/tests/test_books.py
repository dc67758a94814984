"""Each guarantee about orders and stock, kept and broken: what is wrong is told, and nothing else."""

from dataclasses import replace

import pytest

from drills import books
from drills.books import KINDS, Books, Order, faults

LAMP, CHAIR = "lamp", "chair"
BEFORE = Books(stock={LAMP: 100, CHAIR: 50}, taken={LAMP: 7}, sold={LAMP: 7}, shop={LAMP: 100, CHAIR: 50})
SOLD = Order("o1", "order me lampx2", "confirmed", True, 100.0, 100.4)
REFUSED = Order("o2", "order me chairx60", "rejected", False, 101.0, 101.3)
TAKEN_BACK = Order("o3", "order me chairx1", "cancelled", False, 102.0, 109.0)
AFTER = Books(
    stock={LAMP: 98, CHAIR: 50}, taken={LAMP: 9}, sold={LAMP: 9}, shop={LAMP: 98, CHAIR: 50},
    orders=(SOLD, REFUSED, TAKEN_BACK), held=frozenset({"o1"}),
)  # fmt: skip
LEDGER = [{"marker": order.marker, "order": order.id} for order in AFTER.orders]
LEDGER += [{"marker": "cancel o3", "order": "o3", "cancelled": True}]


def wrong(now: Books, ledger=LEDGER, before: Books = BEFORE) -> dict[str, list[str]]:
    """The kinds of which something is wrong."""
    found = faults(before, now, ledger)
    assert tuple(found) == KINDS
    return {kind: sentences for kind, sentences in found.items() if sentences}


def changed(order: Order, **changes) -> Books:
    """The books with another state of one order."""
    return replace(AFTER, orders=tuple(replace(one, **changes) if one is order else one for one in AFTER.orders))


def test_books_that_agree_have_no_fault():
    assert wrong(AFTER) == {}
    assert wrong(BEFORE, []) == {}


# -- Orders ------------------------------------------------------------------------------------------------------------


def test_an_acknowledged_order_that_is_missing_is_lost():
    assert wrong(replace(AFTER, orders=(SOLD, TAKEN_BACK))) == {"lost": ["o2: order me chairx60"]}


def test_one_that_is_there_under_another_id_is_lost():
    """The client was told of an order that was rolled back, and made again."""
    assert wrong(changed(REFUSED, id="o9")) == {"lost": ["o2: order me chairx60"]}


@pytest.mark.parametrize("marker", ["order another chairx60", "order me chairx6"])
def test_one_of_another_buyer_or_with_other_items_is_lost(marker):
    assert list(wrong(changed(REFUSED, marker=marker))) == ["lost"]


def test_an_order_whose_answer_was_lost_is_no_fault():
    assert wrong(AFTER, LEDGER[:1]) == {}


def test_an_order_that_is_there_twice_is_told():
    twice = replace(REFUSED, id="o4")
    assert wrong(replace(AFTER, orders=(*AFTER.orders, twice))) == {"twice": ["order me chairx60"]}


def test_an_order_without_an_end_is_stuck():
    assert wrong(changed(REFUSED, status="pending", ended=None)) == {"stuck": ["o2 is pending"]}


@pytest.mark.parametrize("status", ["confirmed", "rejected"])
def test_a_cancelling_that_was_acknowledged_and_is_forgotten_is_lost(status):
    found = wrong(changed(TAKEN_BACK, status=status))
    assert found == {"lost": [f"the cancelling of o3, which is {status}"]}


def test_a_cancelled_order_that_is_gone_is_lost_twice_over():
    found = wrong(replace(AFTER, orders=(SOLD, REFUSED)))
    assert found == {"lost": ["o3: order me chairx1", "the cancelling of o3, which is gone"]}


# -- Stock -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [-1, 1])
def test_stock_that_is_off_by_one_is_told(off):
    now = replace(AFTER, stock=AFTER.stock | {LAMP: 98 + off}, shop=AFTER.shop | {LAMP: 98 + off})
    assert wrong(now) == {"stock": [f"product lamp: {2 - off} gone from stock, 2 reserved, 2 sold"]}


def test_a_reservation_that_nobody_has_is_told():
    now = replace(AFTER, taken=AFTER.taken | {CHAIR: 1}, stock=AFTER.stock | {CHAIR: 49}, shop=AFTER.shop | {CHAIR: 49})
    assert wrong(now) == {"stock": ["product chair: 1 gone from stock, 1 reserved, 0 sold"]}


def test_what_was_sold_without_being_taken_is_told():
    assert wrong(replace(AFTER, sold=AFTER.sold | {CHAIR: 3})) == {
        "stock": ["product chair: 0 gone from stock, 0 reserved, 3 sold"]
    }


def test_a_confirmed_order_without_stock_is_told_though_the_sums_agree():
    found = wrong(replace(AFTER, held=frozenset({"o3"})))
    assert found == {"stock": ["order o1 is confirmed, and has no stock", "order o3 is cancelled, and has stock"]}


def test_what_was_wrong_before_is_not_held_against_a_drill():
    before = replace(BEFORE, taken=BEFORE.taken | {CHAIR: 5}, shop=BEFORE.shop | {CHAIR: 44})
    now = replace(AFTER, taken=AFTER.taken | {CHAIR: 5}, shop=AFTER.shop | {CHAIR: 44})
    assert wrong(now, before=before) == {}


def test_an_archived_order_that_was_sold_keeps_its_stock():
    assert wrong(changed(SOLD, status="archived")) == {}


# -- The shop ----------------------------------------------------------------------------------------------------------


def test_a_shop_that_shows_another_stock_is_told():
    assert wrong(replace(AFTER, shop=AFTER.shop | {LAMP: 100})) == {
        "shop": ["product lamp: 98 in stock, the shop shows 100"]
    }
    assert wrong(replace(AFTER, shop={CHAIR: 50})) == {"shop": ["product lamp: 98 in stock, the shop shows nothing"]}


def test_a_product_that_came_meanwhile_must_be_in_the_shop():
    now = replace(AFTER, stock=AFTER.stock | {"mug": 5})
    assert wrong(now) == {"shop": ["product mug: 5 in stock, the shop shows nothing"]}
    assert wrong(replace(now, shop=now.shop | {"mug": 5})) == {}


# -- How long it took --------------------------------------------------------------------------------------------------


def test_the_longest_wait_is_told_and_one_without_an_end_is_none():
    assert books.delayed(AFTER.orders) == 7.0
    assert books.delayed([]) is None
    assert books.delayed([SOLD, replace(REFUSED, ended=None)]) is None


def test_after_a_moment_counts_who_was_placed_before_it():
    assert books.ended_after(AFTER.orders, 102.5) == 6.5
    assert books.ended_after(AFTER.orders, 101.5) == 0.0
    assert books.ended_after(AFTER.orders, 99.0) is None
    assert books.ended_after([replace(SOLD, ended=None)], 200.0) is None


def test_states_are_counted():
    assert books.statuses([SOLD, SOLD, REFUSED]) == {"confirmed": 2, "rejected": 1}
