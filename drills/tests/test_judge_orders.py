"""The verdict on orders and stock: each guarantee by itself, and what a run must know to be judged."""

from dataclasses import replace

import pytest

from drills.books import faults
from drills.judge import FAIL, figures, state, verdict
from drills.tests.samples import orders, record, run
from drills.tests.test_books import AFTER, BEFORE, LAMP, LEDGER, REFUSED, changed
from drills.tests.test_judge import LATE


def judged(lines, victim="postgres-primary", fault="kill", **changes) -> tuple[dict, str]:
    found = figures(record(victim, fault, **changes), lines)
    return found, state(verdict(found, victim, fault))


def missed(lines, victim, fault="kill", **changes) -> set[str]:
    found = figures(record(victim, fault, **changes), lines)
    return {check.name for check in verdict(found, victim, fault) if not check.ok}


@pytest.mark.parametrize(
    ("kind", "check"),
    [("lost", "orders_lost"), ("twice", "orders_twice"), ("stuck", "orders_stuck"), ("stock", "stock_off"),
     ("shop", "shop_off")],
)  # fmt: skip
def test_each_broken_guarantee_about_orders_fails(kind, check):
    broken = orders(**{kind: ["a sentence about it"]})
    assert missed(run(), "web", orders=broken) == {check}
    found, result = judged(run(), "web", orders=broken)
    assert (found[check], result) == (1, FAIL)


def test_an_invalid_run_excuses_no_lost_order():
    assert judged(LATE, "web", orders=orders(stuck=["o1 is pending"]))[1] == FAIL


def test_what_the_record_does_not_say_of_orders_is_not_counted_as_none():
    without = {"orders_lost", "orders_twice", "orders_stuck", "stock_off", "shop_off"}
    assert missed(run(), "web", orders={"acknowledged": 3}) == without
    assert missed(run(), "web", orders=None) == without


def test_orders_may_wait_for_a_redis_master_no_longer_than_its_target():
    assert missed(run(), "redis-master", orders=orders(delayed=10.0)) == set()
    assert missed(run(), "redis-master", orders=orders(delayed=10.1)) == {"orders_delayed"}
    assert missed(run(), "redis-master", orders=orders(delayed=None)) == {"orders_delayed"}
    assert missed(run(), "web", orders=orders(delayed=30.0)) == set()


def test_after_a_wipe_the_last_order_has_its_end_in_time():
    assert missed(run(), "redis", "wipe", orders=orders(ended_after=60.0)) == set()
    assert missed(run(), "redis", "wipe", orders=orders(ended_after=60.1)) == {"orders_ended_after"}
    assert missed(run(), "redis", "wipe", orders=orders(ended_after=None)) == {"orders_ended_after"}


def test_a_load_that_should_order_and_never_did_cannot_tell():
    set_up = {"rate": 20, "write_share": 0.3, "orders": 0.33}
    assert "the ledger has no order" in judged(run(), set_up=set_up, orders=orders(acknowledged=0))[0]["invalid"]
    assert judged(run(), set_up=set_up)[0]["invalid"] is None


# -- From the databases to the verdict ---------------------------------------------------------------------------------

MISSING = replace(AFTER, orders=AFTER.orders[1:], sold=BEFORE.sold, taken=BEFORE.taken, stock=BEFORE.stock)
BROKEN = {
    "missing": (replace(MISSING, shop=BEFORE.shop), {"orders_lost"}),
    "doubled": (replace(AFTER, orders=(*AFTER.orders, replace(REFUSED, id="o4"))), {"orders_twice"}),
    "stuck": (changed(REFUSED, status="pending", ended=None), {"orders_stuck"}),
    "stock off by one": (replace(AFTER, stock=AFTER.stock | {LAMP: 97}, shop=AFTER.shop | {LAMP: 97}), {"stock_off"}),
    "shop behind": (replace(AFTER, shop=BEFORE.shop), {"shop_off"}),
    "nothing": (AFTER, set()),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_wrong_in_the_databases_is_what_the_verdict_misses(broken):
    now, expected = BROKEN[broken]
    assert missed(run(), "web", orders=orders(**faults(BEFORE, now, LEDGER))) == expected
