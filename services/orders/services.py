"""What changes orders. Each function is one transaction; arguments are named; refusals are exceptions.

Every transition locks the order's row, raises its version, and publishes after that: so the events of an order are in
the order of what became of it, whatever asks for transitions at once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, prefetch_related_objects
from django.utils import timezone

from flotilla.bus.publishing import publish
from flotilla.events import contracts as c
from orders.models import LINES_MAX, QUANTITY_MAX, TRANSITIONS, DeletedUser, Order, OrderLine, Product, Status

AT_ONCE = 100  # orders that one step of periodic work looks after
LATELY = timedelta(hours=1)  # far longer than a transaction that was placing an order meanwhile

NO_ANSWER = "The stock was not reserved in time."
GONE = "The account was deleted."

EVENTS: dict[Status, type[c.OrderEvent]] = {
    Status.PENDING: c.OrderPlaced,
    Status.CONFIRMED: c.OrderConfirmed,
    Status.REJECTED: c.OrderRejected,
    Status.CANCELLED: c.OrderCancelled,
    Status.ARCHIVED: c.OrderArchived,
}


class Item(NamedTuple):
    """What somebody wants to buy. No price: that is ours to tell."""

    product_id: UUID
    quantity: int


class Refused(Exception):
    """The order cannot be placed; `problems` says by the field (`items[0].product_id`) what is wrong with it."""

    def __init__(self, problems: dict[str, str]):
        super().__init__("; ".join(problems.values()))
        self.problems = problems


class UserGone(Exception):
    """The account has been deleted."""


class NotAllowed(Exception):
    """No such transition leads away from the order's status."""

    def __init__(self, order: Order, to: Status):
        super().__init__(f"The order is {order.status}: it cannot become {to.value}.")


# -- Placing -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def order_place(*, user_id: UUID, items: Sequence[Item]) -> Order:
    """A pending order at the prices that the service knows. Raises Refused, UserGone."""
    _check(items)
    if DeletedUser.objects.filter(id=user_id).exists():
        raise UserGone(GONE)
    products = _products(items)
    lines = [
        OrderLine(product_id=id, name=products[id].name, price_cents=products[id].price_cents, quantity=quantity)
        for id, quantity in items
    ]
    order = Order.objects.create(
        user_id=user_id,
        total_cents=sum(line.price_cents * line.quantity for line in lines),
        answer_by=timezone.now() + timedelta(seconds=settings.ORDER_ANSWER_SECONDS),
    )
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    prefetch_related_objects([order], "lines")  # read once, for the event and the answer
    _tell(order)
    return order


def _check(items: Sequence[Item]) -> None:
    if not 1 <= len(items) <= LINES_MAX:
        raise Refused({"items": f"An order has 1 to {LINES_MAX} items."})
    times = Counter(item.product_id for item in items)
    _refuse(items, "product_id", lambda item: times[item.product_id] > 1, "Product {} is in the order more than once.")
    _refuse(items, "quantity", lambda item: not 1 <= item.quantity <= QUANTITY_MAX, "A quantity is 1 to 99.")


def _products(items: Sequence[Item]) -> dict[UUID, Product]:
    """In one query. Raises Refused naming those that cannot be bought."""
    found = Product.objects.filter(removed=False).in_bulk([item.product_id for item in items])
    _refuse(items, "product_id", lambda item: item.product_id not in found, "Product {} is not for sale.")
    return found


def _refuse(items: Sequence[Item], field: str, is_wrong: Callable[[Item], bool], text: str) -> None:
    """Raises Refused for all the items that are wrong."""
    wrong = {f"items[{n}].{field}": text.format(item.product_id) for n, item in enumerate(items) if is_wrong(item)}
    if wrong:
        raise Refused(wrong)


# -- What becomes of it ------------------------------------------------------------------------------------------------


@transaction.atomic
def orders_answer(*, reserved: Collection[UUID] = (), rejected: Mapping[UUID, str] | None = None) -> None:
    """The stock of some is reserved, of others it cannot be had, for reasons. Raises Order.DoesNotExist.

    Of one that is over by now nothing changes: whoever ended it has given the stock back.
    """
    reasons = rejected or {}
    by_reason: dict[str, list[Order]] = defaultdict(list)
    confirmed = []
    for order in _pending([*reserved, *reasons]):
        (by_reason[reasons[order.id]] if order.id in reasons else confirmed).append(order)
    _move(confirmed, Status.CONFIRMED)
    for reason, orders in by_reason.items():
        _move(orders, Status.REJECTED, reason)


@transaction.atomic
def order_cancel(*, user_id: UUID, order_id: UUID) -> Order:
    """The user takes it back; a second time too, with the same answer. Raises Order.DoesNotExist, NotAllowed."""
    order = _locked().get(id=order_id, user_id=user_id)
    if order.status != Status.CANCELLED:
        _move([order], Status.CANCELLED)
    return order


@transaction.atomic
def order_expire() -> bool:
    """Reject what has had no answer in time: that releases it, should it be reserved after all. Whether more is due.

    One whose answer is just being handled is left alone.
    """
    due = Order.objects.filter(status=Status.PENDING, answer_by__lte=timezone.now()).order_by("answer_by")
    orders = list(due.select_for_update(skip_locked=True, no_key=True).prefetch_related("lines")[:AT_ONCE])
    _move(orders, Status.REJECTED, NO_ANSWER)
    return len(orders) == AT_ONCE


@transaction.atomic
def user_forget(*, user_id: UUID) -> None:
    """Archive the orders of a user who is gone; no more are taken. `order_archive_late` does the rest of many."""
    DeletedUser.objects.get_or_create(id=user_id)
    _archive(Order.objects.filter(user_id=user_id))


@transaction.atomic
def order_archive_late() -> bool:
    """Archive what was being placed while its user was forgotten, and the rest of many. Whether there is more.

    However late it comes: users are looked at until nothing of theirs is left, and nothing can be on its way any more.
    """
    gone, before = DeletedUser.objects.filter(settled=False), timezone.now() - LATELY
    if _archive(Order.objects.filter(user_id__in=gone.values("id"))) == AT_ONCE:
        return True
    gone.filter(deleted__lt=before).update(settled=True)
    return False


def _archive(orders: QuerySet[Order]) -> int:
    """How many; AT_ONCE at most. What was sold stays sold; a pending one is cancelled first: its stock goes back."""
    left = orders.exclude(status=Status.ARCHIVED).order_by("id").prefetch_related("lines")
    found = list(left.select_for_update(no_key=True)[:AT_ONCE])
    _move([order for order in found if order.status == Status.PENDING], Status.CANCELLED, GONE)
    _move(found, Status.ARCHIVED, GONE)
    return len(found)


def _locked() -> QuerySet[Order]:
    return Order.objects.select_for_update(no_key=True).prefetch_related("lines")


def _pending(ids: Collection[UUID]) -> list[Order]:
    """Of these orders, locked in their order, those that are. Raises Order.DoesNotExist."""
    orders = list(_locked().filter(id__in=ids).order_by("id"))
    if len(orders) < len(ids):
        raise Order.DoesNotExist(f"{len(ids) - len(orders)} of {len(ids)} orders are not known here")
    return [order for order in orders if order.status == Status.PENDING]


def _move(orders: Sequence[Order], to: Status, reason: str = "") -> None:
    """The one way from a status to another, of orders that are locked. One statement. Raises NotAllowed."""
    sold = {} if to == Status.ARCHIVED else {"sold": to == Status.CONFIRMED}
    changes = {"status": to, "reason": reason, **sold}
    for order in orders:
        if to not in TRANSITIONS[Status(order.status)]:
            raise NotAllowed(order, to)
    Order.objects.filter(id__in=[order.id for order in orders]).update(**changes, version=F("version") + 1)
    for order in orders:
        for name, value in changes.items():
            setattr(order, name, value)
        order.version += 1
    _tell(*orders)


def _tell(*orders: Order) -> None:
    publish(*map(_event, orders))


def _event(order: Order) -> c.OrderEvent:
    lines = tuple(c.Line(product_id=line.product_id, quantity=line.quantity) for line in order.lines.all())
    archived = {"sold": order.sold} if order.status == Status.ARCHIVED else {}
    return EVENTS[Status(order.status)](
        version=order.version,
        order_id=order.id,
        user_id=order.user_id,
        lines=lines,
        total_cents=order.total_cents,
        created=order.created,
        reason=order.reason,
        **archived,
    )


# -- The read model of products ----------------------------------------------------------------------------------------


def products_set(*, products: Iterable[c.ProductChanged]) -> None:
    """As they are now, each once; the first time, too. For orders to come: those that are placed keep their prices."""
    rows = [Product(id=p.product_id, name=p.name, price_cents=p.price_cents, removed=False) for p in products]
    Product.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["name", "price_cents", "removed"]
    )


def product_remove(*, product_id: UUID) -> None:
    """Nobody can order it any more."""
    Product.objects.filter(id=product_id).update(removed=True)
