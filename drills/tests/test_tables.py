"""What is asked of the databases, how their rows are read, and for how long."""

import json

import pytest

from drills import tables
from drills.books import Books, Order
from drills.lock import Refused

LAMP, CHAIR = "lamp", "chair"


class Databases:
    """Rows as psql tells them, by database and words that only one query has; what is asked is remembered."""

    def __init__(self, monkeypatch):
        self.rows = {
            ("products", "products_product p"): [[LAMP, "98", "t", "2"], [CHAIR, "50", "f", "0"]],
            ("orders", "WHERE o.sold"): [[LAMP, "2"]],
            ("web", "FROM web_product"): [[LAMP, "98"]],
            ("orders", "string_agg"): [
                ["o1", "order me lampx2", "confirmed", "t", "100.5", "101.25"],
                ["o2", "order me lampx1", "pending", "f", "102", ""],
            ],
            ("products", "FROM products_reservation WHERE"): [["o1"]],
            ("web", "FROM web_review"): [["review test 1"]],
            ("web", "FROM web_cartitem"): [["cart author-test-0 lamp", "2"]],
        }
        self.pending, self.unheard = [0], [0]
        self.asked: list[str] = []
        self.times = iter(range(1000))
        monkeypatch.setattr(tables, "sql", self.sql)
        monkeypatch.setattr(tables, "value", self.value)
        monkeypatch.setattr(tables.time, "sleep", lambda _: None)
        monkeypatch.setattr(tables.time, "monotonic", lambda: next(self.times))

    def sql(self, query: str, *, database="web") -> list[list[str]]:
        self.asked.append(query)
        (found,) = (rows for (where, words), rows in self.rows.items() if where == database and words in query)
        return found

    def value(self, query: str, *, database) -> str:
        self.asked.append(query)
        assert database == "orders"
        left = self.unheard if "bus_delivery" in query else self.pending
        return str(left.pop(0) if len(left) > 1 else left[0])


@pytest.fixture
def databases(monkeypatch) -> Databases:
    return Databases(monkeypatch)


@pytest.fixture
def out(tmp_path):
    """The ledger of a load: a review, a cart line and an order."""
    forms = {"marker": "review test 1"}, {"marker": "cart author-test-0 lamp"}
    write(tmp_path / "ledger.jsonl", *forms, bought("o1", 2))
    return tmp_path


def bought(order: str, quantity: int, **more) -> dict:
    return {"marker": f"order me lampx{quantity}", "order": order, "buyer": "me"} | more


def write(path, *lines: dict) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_rows_become_books(databases):
    assert tables.read(["me"]) == Books(
        stock={LAMP: 98}, taken={LAMP: 2, CHAIR: 0}, sold={LAMP: 2}, shop={LAMP: 98},
        orders=(Order("o1", "order me lampx2", "confirmed", True, 100.5, 101.25),
                Order("o2", "order me lampx1", "pending", False, 102.0, None)),
        held=frozenset({"o1"}),
    )  # fmt: skip
    assert "user_id IN ('me')" in databases.asked[0]
    assert any("order_id IN ('o1', 'o2')" in query for query in databases.asked)


def test_without_buyers_only_the_stock_is_asked_for(databases):
    found = tables.read()
    assert (found.orders, found.held, found.stock) == ((), frozenset(), {LAMP: 98})
    assert len(databases.asked) == 3


def test_before_a_drill_every_order_has_its_end(databases):
    databases.pending = [3, 1, 0]
    assert tables.quiet().sold == {LAMP: 2}
    assert sum("'pending'" in query for query in databases.asked) == 3


def test_before_a_drill_products_has_heard_of_every_end(databases):
    databases.unheard = [2, 1, 0]
    assert tables.quiet().sold == {LAMP: 2}
    assert sum("bus_delivery" in query for query in databases.asked) == 3


def test_an_end_that_is_never_heard_of_refuses_a_drill(databases):
    databases.unheard = [1]
    with pytest.raises(Refused, match="1 events about orders were not heard: `make logs"):
        tables.quiet()


def test_orders_that_never_end_refuse_a_drill(databases):
    databases.pending = [2]
    with pytest.raises(Refused, match=r"2 orders have no end: `make logs S=orders-worker`"):
        tables.quiet()


def test_who_waits_is_counted_of_some_buyers_or_of_all(databases):
    databases.pending = [7]
    assert tables.pending(["me", "you"]) == 7
    assert databases.asked[0].endswith("status = 'pending' AND user_id IN ('me', 'you')")
    tables.pending()
    assert databases.asked[1].endswith("status = 'pending'")


# -- After the load ----------------------------------------------------------------------------------------------------


BEFORE = Books(stock={LAMP: 100}, taken={}, sold={}, shop={LAMP: 100})


def test_it_is_asked_until_nothing_is_wrong(databases, out, monkeypatch):
    pending = databases.rows["orders", "string_agg"]
    answers = iter([pending, pending, pending[:1]])

    def changing(query, **where):
        if "string_agg" in query:
            databases.rows["orders", "string_agg"] = next(answers)
        return databases.sql(query, **where)

    monkeypatch.setattr(tables, "sql", changing)
    found = tables.settled(BEFORE, out, [], 100.75)
    assert not any(found[kind] for kind in ("lost", "twice", "stuck", "stock", "shop"))
    assert (found["acknowledged"], found["statuses"], found["delayed"]) == (1, {"confirmed": 1}, 0.75)
    assert found["ended_after"] == 0.5
    assert 0 < found["settled_after"] < tables.BOUND
    assert next(answers, None) is None


def test_what_stays_wrong_is_told_after_the_bound(databases, out):
    found = tables.settled(BEFORE, out, ["me"], 100.75)
    assert found["stuck"] == ["o2 is pending"]
    assert (found["settled_after"], found["delayed"]) == (None, None)
    assert next(databases.times) > tables.BOUND


def test_orders_of_a_fault_of_its_own_count_as_well(databases, out):
    taken_back = {"marker": "cancel o2", "order": "o2", "buyer": "you", "cancelled": True}
    write(out / "crowd.jsonl", bought("o2", 1, buyer="you"), taken_back)
    found = tables.settled(BEFORE, out, ["me"], 0.0)
    assert found["acknowledged"] == 2
    assert found["lost"] == ["the cancelling of o2, which is pending"]
    assert "'you'" in databases.asked[0]


# -- Reviews and carts -------------------------------------------------------------------------------------------------


def test_orders_are_no_reviews_and_a_cart_line_of_two_counts_twice(databases, out):
    assert tables.stored(out, "test") == {"lost": [], "twice": ["cart author-test-0 lamp"], "acknowledged": 3}
    databases.rows["web", "FROM web_review"] = []
    assert tables.stored(out, "test")["lost"] == ["review test 1"]
