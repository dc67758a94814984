from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from flotilla.bus.models import Delivery, Outbox
from flotilla.events import contracts
from flotilla.uuid7 import uuid7
from orders import services
from orders.models import TRANSITIONS, DeletedUser, Order, OrderLine, Product, Status
from orders.services import Item, NotAllowed, Refused
from orders.tests.conftest import told

REASON = "Only 1 of Oban Lamp 1 is left."


def become(order, status):
    """Bring the order into a status by the ways that lead there."""
    ways = {
        Status.PENDING: lambda: None,
        Status.CONFIRMED: lambda: services.orders_answer(reserved=[order.id]),
        Status.REJECTED: lambda: services.orders_answer(rejected={order.id: REASON}),
        Status.CANCELLED: lambda: services.order_cancel(user_id=order.user_id, order_id=order.id),
        Status.ARCHIVED: lambda: services.user_forget(user_id=order.user_id),
    }
    ways[Status(status)]()
    order.refresh_from_db()
    assert order.status == status


def set_product(id, name, price_cents):
    created, category = timezone.now(), contracts.Category(slug="lighting", name="Lighting", tagline="", position=1)
    words = {"slug": "lamp", "description": "", "motif": "lamp", "featured": False, "stock": 1, "created": created}
    product = contracts.ProductChanged(
        version=1, product_id=id, name=name, price_cents=price_cents, category=category, **words
    )
    services.products_set(products=[product])


def overdue(order):
    Order.objects.filter(id=order.id).update(answer_by=timezone.now() - timedelta(seconds=1))


# -- Placing -----------------------------------------------------------------------------------------------------------


def test_an_order_costs_what_the_service_knows_and_is_told(make_product, user_id, settings):
    lamp, chair = make_product(1, price_cents=1050), make_product(2, name="Chair", price_cents=20_000)
    order = services.order_place(user_id=user_id, items=[Item(chair.id, 1), Item(lamp.id, 3)])
    assert (order.id.version, order.status, order.total_cents, order.version) == (7, "pending", 23_150, 1)
    assert [(line.name, line.price_cents, line.quantity) for line in order.lines.all()] == [
        ("Chair", 20_000, 1),
        ("Oban Lamp 1", 1050, 3),
    ]
    assert abs(order.answer_by - order.created - timedelta(seconds=settings.ORDER_ANSWER_SECONDS)).seconds == 0
    event = Outbox.objects.get()
    assert (event.body["type"], event.subject) == ("orders.order.placed.v1", str(order.id))
    assert event.body["data"]["user_id"] == str(user_id)
    assert event.body["data"]["lines"] == [
        {"product_id": str(chair.id), "quantity": 1},
        {"product_id": str(lamp.id), "quantity": 3},
    ]
    assert set(Delivery.objects.values_list("queue", flat=True)) == {"products"}


def test_what_was_ordered_keeps_its_name_and_price(order, product):
    set_product(product.id, "Renamed", 9)
    services.product_remove(product_id=product.id)
    line = order.lines.get()
    assert (line.name, line.price_cents) == ("Oban Lamp 1", 1001)


def test_the_largest_order_there_can_be(make_product, user_id):
    items = [Item(make_product(n, price_cents=2**31 - 1).id, 99) for n in range(50)]
    order = services.order_place(user_id=user_id, items=items)
    order.refresh_from_db()
    assert order.total_cents == 50 * 99 * (2**31 - 1)


@pytest.mark.parametrize("quantity", [-1, 0, 100, 10**12])
def test_nobody_orders_an_impossible_quantity(product, user_id, quantity):
    with pytest.raises(Refused, match="1 to 99"):
        services.order_place(user_id=user_id, items=[Item(product.id, quantity)])


def test_every_product_that_cannot_be_had_is_named(make_product, user_id):
    known, removed, unknown = make_product(1), make_product(2, removed=True), uuid7()
    with pytest.raises(Refused) as refused:
        services.order_place(user_id=user_id, items=[Item(id, 1) for id in (removed.id, known.id, unknown)])
    assert refused.value.problems == {
        "items[0].product_id": f"Product {removed.id} is not for sale.",
        "items[2].product_id": f"Product {unknown} is not for sale.",
    }
    assert not Order.objects.exists()


def test_a_product_twice_is_refused(product, make_product, user_id):
    other = make_product(2)
    with pytest.raises(Refused) as refused:
        services.order_place(user_id=user_id, items=[Item(id, 1) for id in (product.id, other.id, product.id)])
    assert refused.value.problems.keys() == {"items[0].product_id", "items[2].product_id"}


@pytest.mark.parametrize("count", [0, 51])
def test_an_order_has_1_to_50_items(db, user_id, count):
    with pytest.raises(Refused, match="1 to 50"):
        services.order_place(user_id=user_id, items=[Item(uuid7(), 1) for _ in range(count)])


def test_nobody_orders_who_is_gone(place, user_id):
    services.user_forget(user_id=user_id)
    with pytest.raises(services.UserGone):
        place()


def test_an_order_costs_few_statements(place, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):  # savepoint, user, products, order, lines, lines read, event, two for it
        place()


# -- What becomes of it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "events"),
    [
        ("confirmed", "confirmed"),
        ("rejected", "rejected"),
        ("cancelled", "cancelled"),
        ("confirmed cancelled", "confirmed cancelled"),
        ("archived", "cancelled archived"),
        ("confirmed archived", "confirmed archived"),
        ("confirmed cancelled archived", "confirmed cancelled archived"),
        ("rejected archived", "rejected archived"),
        ("cancelled archived", "cancelled archived"),
    ],
)
def test_each_transition_is_told_with_a_higher_version(order, statuses, events):
    for status in statuses.split():
        become(order, status)
    assert told(order) == ["placed", *events.split()]
    assert order.version == len(told(order))


@pytest.mark.parametrize("status", ["confirmed", "rejected", "cancelled", "archived"])
def test_a_late_answer_changes_nothing(order, status):
    become(order, status)
    before = told(order)
    services.orders_answer(reserved=[order.id])
    services.orders_answer(rejected={order.id: "Too late."})
    overdue(order)
    assert services.order_expire() is False
    order.refresh_from_db()
    assert (order.status, told(order)) == (status, before)


def test_many_answers_cost_as_many_statements_as_one(place, django_assert_num_queries):
    for count in (1, 5):
        ids = [place().id for _ in range(count)]
        with django_assert_num_queries(7):  # begin, orders, lines, UPDATE, events, deliveries, end
            services.orders_answer(reserved=ids)
    both = place().id, place().id
    services.orders_answer(reserved=both[:1], rejected={both[1]: "None left."})
    assert [Order.objects.get(id=id).status for id in both] == ["confirmed", "rejected"]
    Order.objects.all().delete()
    refused = {place().id: f"Reason {n % 2}." for n in range(4)}
    services.orders_answer(rejected=refused)
    assert dict(Order.objects.filter(status="rejected").values_list("id", "reason")) == refused
    assert set(Order.objects.values_list("version", flat=True)) == {2}


def test_an_answer_for_an_order_that_is_not_known_is_an_error(order):
    with pytest.raises(Order.DoesNotExist, match="1 of 2"):
        services.orders_answer(reserved=[order.id, uuid7()])
    assert told(order) == ["placed"]


def test_the_reason_is_kept_and_told(order):
    become(order, Status.REJECTED)
    assert order.reason == Outbox.objects.get(version=2).body["data"]["reason"] == REASON


def test_cancelling_twice_is_cancelling_once(order):
    first = services.order_cancel(user_id=order.user_id, order_id=order.id)
    second = services.order_cancel(user_id=order.user_id, order_id=order.id)
    assert (first.status, second.status, first.version, second.version) == ("cancelled", "cancelled", 2, 2)
    assert told(order) == ["placed", "cancelled"]


@pytest.mark.parametrize("status", ["rejected", "archived"])
def test_what_is_over_cannot_be_cancelled(order, status):
    become(order, status)
    with pytest.raises(NotAllowed, match=f"The order is {status}"):
        services.order_cancel(user_id=order.user_id, order_id=order.id)


def test_nobody_cancels_the_order_of_somebody_else(order):
    with pytest.raises(Order.DoesNotExist):
        services.order_cancel(user_id=uuid7(), order_id=order.id)
    assert told(order) == ["placed"]


def test_only_those_overdue_expire(place):
    due, later = place(), place()
    overdue(due)
    assert services.order_expire() is False
    assert [told(order) for order in (due, later)] == [["placed", "rejected"], ["placed"]]
    due.refresh_from_db()
    assert due.reason == services.NO_ANSWER


def test_many_expire_in_steps(place, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    for _ in range(5):
        overdue(place())
    assert [services.order_expire() for _ in range(3)] == [True, True, False]
    assert set(Order.objects.values_list("status", flat=True)) == {"rejected"}


def test_the_orders_of_who_is_gone_are_archived_and_nobody_elses(place, user_id):
    mine, other = [place() for _ in range(3)], place(user_id=uuid7())
    services.orders_answer(reserved=[mine[1].id])
    for _ in range(2):
        services.user_forget(user_id=user_id)
    assert {order.status for order in Order.objects.filter(user_id=user_id)} == {"archived"}
    assert [told(order) for order in mine] == [
        ["placed", "cancelled", "archived"],
        ["placed", "confirmed", "archived"],
        ["placed", "cancelled", "archived"],
    ]
    sold = Outbox.objects.filter(entity="orders.order", body__type="orders.order.archived.v1")
    assert {event.subject: event.body["data"]["sold"] for event in sold} == {
        str(order.id): order == mine[1] for order in mine
    }
    assert told(other) == ["placed"]


def test_what_was_being_placed_meanwhile_is_archived_later(place, user_id, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    orders = [place() for _ in range(3)]
    DeletedUser.objects.create(id=user_id)
    assert [services.order_archive_late() for _ in range(2)] == [True, False]
    assert {told(order)[-1] for order in orders} == {"archived"}


def settled():
    return DeletedUser.objects.get().settled


def test_the_rest_of_many_is_archived_however_long_the_workers_were_away(place, user_id, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    orders = [place() for _ in range(4)]
    services.user_forget(user_id=user_id)
    DeletedUser.objects.update(deleted=timezone.now() - 2 * services.LATELY)
    assert (services.order_archive_late(), settled()) == (True, False)
    assert (services.order_archive_late(), settled()) == (False, True)
    assert {told(order)[-1] for order in orders} == {"archived"}


def test_who_is_gone_is_looked_at_until_nothing_can_be_on_its_way(place, user_id):
    services.user_forget(user_id=user_id)
    assert (services.order_archive_late(), settled()) == (False, False)
    DeletedUser.objects.update(deleted=timezone.now() - services.LATELY)
    assert (services.order_archive_late(), settled()) == (False, True)


def test_a_replica_of_before_remembers_who_is_gone(db):
    """It does not name the column."""
    with connection.cursor() as cursor:
        values = [uuid7().hex, connection.ops.adapt_datetimefield_value(timezone.now())]
        cursor.execute("INSERT INTO orders_deleteduser (id, deleted) VALUES (%s, %s)", values)
    assert not settled()


def test_what_may_come_to_hold_stock_is_never_archived():
    archivable = {status for status, following in TRANSITIONS.items() if Status.ARCHIVED in following}
    assert archivable == {Status.CONFIRMED, Status.REJECTED, Status.CANCELLED}


@pytest.mark.parametrize(
    ("statuses", "sold"), [("confirmed", True), ("confirmed archived", True), ("confirmed cancelled archived", False)]
)
def test_what_was_sold_stays_sold_until_it_is_cancelled(order, statuses, sold):
    for status in statuses.split():
        become(order, status)
    assert order.sold is sold


def test_no_transition_leads_elsewhere(order):
    for status in Status:
        for to in set(Status) - TRANSITIONS[status]:
            order.status = status
            with pytest.raises(NotAllowed):
                services._move([order], to)


# -- What the database itself refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields", [{"status": "lost"}, {"version": 0}, {"total_cents": -1}, {"sold": True}, {"status": "confirmed"}]
)
def test_an_impossible_order(order, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(id=order.id).update(**fields)


@pytest.mark.parametrize("quantity", [0, 100])
def test_an_impossible_line(order, quantity):
    with pytest.raises(IntegrityError), transaction.atomic():
        order.lines.update(quantity=quantity)


def test_a_product_twice_in_an_order(order, product):
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.create(order=order, product_id=product.id, name="x", price_cents=1, quantity=1)


# -- Products ----------------------------------------------------------------------------------------------------------


def test_a_product_is_as_it_was_told_last(db):
    id = uuid7()
    for name, price_cents in (("Lamp", 5), ("Better Lamp", 7)):
        set_product(id, name, price_cents)
    assert Product.objects.values("name", "price_cents", "removed").get(id=id) == {
        "name": "Better Lamp",
        "price_cents": 7,
        "removed": False,
    }
    services.product_remove(product_id=id)
    assert Product.objects.get().removed
    set_product(id, "Lamp", 5)
    assert not Product.objects.get().removed
