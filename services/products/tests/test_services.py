"""Products and stock: each change raises the version and is told once; stock is taken whole or not at all."""

import pytest
from django.db import IntegrityError, connection, transaction

from flotilla.bus.models import Delivery
from flotilla.events import contracts as c
from flotilla.uuid7 import uuid7
from products import services
from products.models import Category, Product, Reservation, ReservationLine
from products.services import CategoryUnknown, SlugTaken

pytestmark = pytest.mark.django_db

FIELDS = {"slug": "tall-lamp", "name": "Tall Lamp", "description": "Tall.", "motif": "floor-lamp", "price_cents": 900}


def lines(*wanted):
    return [c.Line(product_id=getattr(product, "id", product), quantity=quantity) for product, quantity in wanted]


def reserve(order, lines):
    services.stock_reserve(orders={order: lines})
    return Reservation.objects.get(pk=order)


def release(order, reason):
    services.stock_release(reasons={order: reason})
    return Reservation.objects.get(pk=order)


def numbers(changed):
    return {(event.product_id, event.version, event.stock) for event in changed}


def stock_of(product):
    return Product.objects.get(pk=product.pk).stock


# -- Products


def test_a_new_product_is_told_with_its_category(category, told):
    product = services.product_create(category="lighting", stock=7, **FIELDS)
    (event,) = told()
    assert (event.product_id, event.version, event.stock, event.featured) == (product.id, 1, 7, False)
    assert event.category == c.Category(slug="lighting", name="Lighting", tagline="Lamps.", position=0)
    assert set(Delivery.objects.values_list("queue", flat=True)) == {"web", "orders"}
    assert product.id.version == 7


def test_a_change_raises_the_version_and_is_told(product, told):
    Category.objects.create(name="Plants", slug="plants", tagline="Green.")
    services.product_change(product_id=product.id, changes={"price_cents": 5, "category": "plants"})
    services.product_change(product_id=product.id, changes={"stock": 3})
    assert [(e.version, e.price_cents, e.category.slug, e.stock) for e in told()] == [
        (2, 5, "plants", 10),
        (3, 5, "plants", 3),
    ]


def test_what_is_as_it_was_is_no_change(product, told):
    services.product_change(product_id=product.id, changes={"name": product.name, "category": "lighting"})
    services.product_change(product_id=product.id, changes={})
    product.refresh_from_db()
    assert (product.version, told()) == (1, [])


def test_a_version_that_was_not_meant_is_left_alone(product, told):
    with pytest.raises(services.Stale):
        services.product_change(product_id=product.id, changes={"stock": 3}, versions={2, 3})
    with pytest.raises(services.Stale):
        services.product_change(product_id=product.id, changes={"stock": 3}, versions=set())
    assert (stock_of(product), told()) == (10, [])
    services.product_change(product_id=product.id, changes={"stock": 3}, versions={1})
    assert stock_of(product) == 3


def test_a_removed_product_is_told_and_gone(product, told):
    services.product_remove(product_id=product.id)
    assert told() == [c.ProductRemoved(version=2, product_id=product.id)]
    for call in (
        lambda: services.product_remove(product_id=product.id),
        lambda: services.product_change(product_id=product.id, changes={"stock": 1}),
    ):
        with pytest.raises(Product.DoesNotExist):
            call()


def test_a_slug_is_given_once_and_never_again(make_product, told):
    first, second = make_product(1), make_product(2)
    services.product_remove(product_id=first.id)
    told()
    with pytest.raises(SlugTaken):
        services.product_create(category="lighting", **FIELDS | {"slug": first.slug})
    with pytest.raises(SlugTaken):
        services.product_change(product_id=second.id, changes={"slug": first.slug})
    assert (Product.objects.count(), told()) == (2, [])


def test_an_unknown_category(product, told):
    with pytest.raises(CategoryUnknown):
        services.product_create(category="boats", **FIELDS)
    with pytest.raises(CategoryUnknown):
        services.product_change(product_id=product.id, changes={"category": "boats"})
    assert told() == []


@pytest.mark.parametrize("fields", [{"stock": -1}, {"price_cents": 0}])
def test_the_database_itself_refuses_what_cannot_be(make_product, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_product(1, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        services.product_change(product_id=make_product(2).id, changes=fields)


# -- Reserving


def test_all_lines_are_taken_and_told(make_product, told):
    first, second, order = make_product(1), make_product(2), uuid7()
    made = reserve(order, lines((first, 4), (second, 10)))
    assert (made.state, stock_of(first), stock_of(second)) == ("reserved", 6, 0)
    answer, *changed = told()
    assert answer == c.StockReserved(version=1, order_id=order, reason="")
    assert numbers(changed) == {(first.id, 2, 6), (second.id, 2, 0)}


def test_lines_of_one_product_are_added_up(product):
    reserve(uuid7(), lines((product, 4), (product, 6)))
    assert stock_of(product) == 0
    assert ReservationLine.objects.get().quantity == 10


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ([("first", 4), ("second", 11)], "Of “Oban Lamp 2” there are only 10 left."),
        ([("second", 6), ("second", 5)], "only 10 left"),
        ([("first", 1), ("nobody", 1)], "not sold any more"),
        ([("first", 1), ("removed", 1)], "not sold any more"),
        ([("first", 5), ("first", -2)], "asks for nothing"),
        ([("first", 0)], "asks for nothing"),
        ([], "asks for nothing"),
    ],
)
def test_or_none_is_taken_and_the_order_is_told_why(make_product, told, wanted, reason):
    known = {"first": make_product(1), "second": make_product(2), "removed": make_product(3), "nobody": uuid7()}
    services.product_remove(product_id=known["removed"].id)
    told()
    order = uuid7()
    made = reserve(order, lines(*((known[name], n) for name, n in wanted)))
    (answer,) = told()
    assert (type(answer), answer.order_id, answer.version) == (c.StockRejected, order, 1)
    assert reason in answer.reason == made.reason
    assert set(Product.objects.values_list("stock", flat=True)) == {10}
    assert not ReservationLine.objects.exists()


def test_an_order_is_decided_once(product, told):
    order = uuid7()
    for quantity in (3, 3, 99):
        reserve(order, lines((product, quantity)))
    assert (stock_of(product), len(told())) == (7, 2)


# -- Releasing


def test_what_was_taken_comes_back_once(make_product, told):
    first, second, order = make_product(1), make_product(2), uuid7()
    reserve(order, lines((first, 4), (second, 1)))
    told()
    for _ in range(3):
        assert release(order, "cancelled").state == "released"
    assert (stock_of(first), stock_of(second)) == (10, 10)
    answer, *changed = told()
    assert answer == c.StockReleased(version=2, order_id=order, reason="cancelled")
    assert numbers(changed) == {(first.id, 3, 10), (second.id, 3, 10)}


def test_only_what_is_taken_has_lines(product):
    kept, order = uuid7(), uuid7()
    for id in (kept, order):
        reserve(id, lines((product, 1)))
    release(order, "cancelled")
    assert [line.reservation_id for line in ReservationLine.objects.all()] == [kept]


def test_who_comes_after_the_release_gets_nothing(product, told):
    order = uuid7()
    release(order, "cancelled")
    reserve(order, lines((product, 1)))
    release(order, "again")
    assert told() == [c.StockReleased(version=1, order_id=order, reason="cancelled")]
    assert (stock_of(product), Reservation.objects.get().state) == (10, "released")


def test_a_rejected_order_has_nothing_to_give_back(product, told):
    order = uuid7()
    reserve(order, lines((product, 11)))
    told()
    assert release(order, "rejected").state == "rejected"
    assert (stock_of(product), told()) == (10, [])


def test_stock_of_a_removed_product_comes_back_unheard(product, told):
    order = uuid7()
    reserve(order, lines((product, 4)))
    services.product_remove(product_id=product.id)
    told()
    release(order, "cancelled")
    assert [type(event) for event in told()] == [c.StockReleased]
    product.refresh_from_db()
    assert (product.stock, product.version) == (10, 3)


def test_many_orders_at_once_share_what_there_is_and_each_product_is_told_once(make_product, told):
    first, second, orders = make_product(1), make_product(2), [uuid7() for _ in range(4)]
    wanted = [((first, 6),), ((first, 5), (second, 1)), ((second, 10),), ((first, 4),)]
    services.stock_reserve(orders={id: lines(*those) for id, those in zip(orders, wanted, strict=True)})
    states = dict(Reservation.objects.values_list("order_id", "state"))
    assert [states[id] for id in orders] == ["reserved", "rejected", "reserved", "reserved"]
    everything = told()
    answers, changed = everything[:4], everything[4:]
    assert [answer.order_id for answer in answers] == orders
    assert numbers(changed) == {(first.id, 2, 0), (second.id, 2, 0)}
    services.stock_release(reasons=dict.fromkeys([*orders, uuid7()], "cancelled"))
    assert (stock_of(first), stock_of(second)) == (10, 10)
    early, *released = [event for event in told() if isinstance(event, c.StockReleased)]
    assert early.version == 1
    assert [(answer.order_id, answer.version) for answer in released] == [(orders[n], 2) for n in (0, 2, 3)]


def test_orders_cost_the_same_however_many_and_long_they_are(make_product, django_assert_num_queries):
    products = [make_product(number) for number in range(5)]
    for wanted, count in ((products[:1], 1), (products, 1), (products, 2)):
        orders = [uuid7() for _ in range(count)]
        with django_assert_num_queries(8):  # known, lock, categories, orders, lines, UPDATE, events, deliveries
            services.stock_reserve(orders={id: lines(*((product, 1) for product in wanted)) for id in orders})
        with django_assert_num_queries(9):  # orders, lines, lock, categories, orders, lines, UPDATE, events, deliveries
            services.stock_release(reasons=dict.fromkeys(orders, "cancelled"))


def test_on_postgres_stock_is_changed_in_turns(monkeypatch):
    said = []

    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            pass

        def execute(self, sql, values):
            said.append((sql, values))

    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(connection, "cursor", Cursor)
    services.stock_turn()
    assert said == [("SELECT pg_advisory_xact_lock(%s)", [services.LOCK])]
