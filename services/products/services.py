"""What changes products and stock. Each function is one transaction, and tells what it changed in the same one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connections, transaction
from django.db.models import F
from django.utils import timezone

from flotilla.bus.publishing import publish
from flotilla.events import contracts as c
from products.models import ON_SALE, Category, Product, Reservation, ReservationLine

State = Reservation.State

ANSWERS = {State.RESERVED: c.StockReserved, State.REJECTED: c.StockRejected, State.RELEASED: c.StockReleased}
LOCK = 7_364_053  # any constant: whoever holds it changes stock


class SlugTaken(Exception):
    """Another product has this slug, or had it before it was removed."""


class CategoryUnknown(Exception):
    """There is no category of this slug."""


class Stale(Exception):
    """The product has another version than those that were to be changed."""


# -- Products ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def product_create(*, category: str, **fields: Any) -> Product:
    """A new product, in the category of that slug. Raises CategoryUnknown, SlugTaken."""
    product = Product(category=_category(category), **fields)
    _save(product)
    publish(product_event(product))
    return product


@transaction.atomic
def product_change(*, product_id: UUID, changes: Mapping[str, Any], versions: Collection[int] | None = None) -> Product:
    """Fields with their new values; the same value is no change. `versions`: which may be changed, None is any.

    Raises Product.DoesNotExist, Stale, and as product_create.
    """
    product = _locked(product_id)
    if versions is not None and product.version not in versions:
        raise Stale(product.version)
    wanted = dict(changes)
    if "category" in wanted:
        wanted["category"] = _category(wanted["category"])
    changed = [name for name, value in wanted.items() if getattr(product, name) != value]
    if changed:
        for name in changed:
            setattr(product, name, wanted[name])
        product.version += 1
        _save(product, update_fields=[*changed, "version"])
        publish(product_event(product))
    return product


@transaction.atomic
def product_remove(*, product_id: UUID) -> None:
    """Take it off sale, for good. Raises Product.DoesNotExist."""
    product = _locked(product_id)
    product.removed_at = timezone.now()
    product.version += 1
    product.save(update_fields=["removed_at", "version"])
    publish(_news(product))


@transaction.atomic
def product_tell(*, ids: Iterable[UUID]) -> int:
    """Tell these again as they are, each under a new version that consumers take. How many there are."""
    stock_turn()  # it takes many products, as orders do
    products = _locked_in_order(ids)
    Product.objects.filter(pk__in=[product.id for product in products]).update(version=F("version") + 1)
    for product in products:
        product.version += 1
    publish(*map(_news, products))
    return len(products)


def _news(product: Product) -> c.ProductChanged | c.ProductRemoved:
    if product.removed_at is None:
        return product_event(product)
    return c.ProductRemoved(version=product.version, product_id=product.id)


def product_event(product: Product) -> c.ProductChanged:
    """The product as it is now."""
    category = product.category
    return c.ProductChanged(
        version=product.version,
        product_id=product.id,
        slug=product.slug,
        name=product.name,
        description=product.description,
        motif=product.motif,
        price_cents=product.price_cents,
        category=c.Category(
            slug=category.slug, name=category.name, tagline=category.tagline, position=category.position
        ),
        featured=product.featured,
        stock=product.stock,
        created=product.created,
    )


def _category(slug: str) -> Category:
    try:
        return Category.objects.get(slug=slug)
    except Category.DoesNotExist:
        raise CategoryUnknown(slug) from None


def _locked(product_id: UUID) -> Product:
    on_sale = Product.objects.select_for_update().filter(ON_SALE)
    return on_sale.prefetch_related("category").get(pk=product_id)


def _save(product: Product, **options: Any) -> None:
    try:
        with transaction.atomic():
            product.save(**options)
    except IntegrityError as error:
        if not Product.objects.filter(slug=product.slug).exclude(pk=product.pk).exists():
            raise
        raise SlugTaken(product.slug) from error


# -- Stock -------------------------------------------------------------------------------------------------------------
# No savepoints: what fails here fails with the whole transaction, and each would cost two statements an order.


@transaction.atomic(savepoint=False)
def stock_reserve(*, orders: Mapping[UUID, Iterable[c.Line]]) -> None:
    """Take for each order the stock of all its lines, or of none, and answer it; the first call for an order decides.

    As many statements for fifty orders as for one, and a product that many of them want is told once.
    """
    stock_turn()
    known = set(Reservation.objects.filter(pk__in=orders).values_list("pk", flat=True))
    wanted = {id: _merged(lines) for id, lines in orders.items() if id not in known}
    shelf = _Shelf(product for quantities in wanted.values() for product in quantities)
    decided = []
    for id, quantities in wanted.items():
        reason = shelf.objection(quantities)
        if not reason:
            shelf.add({product: -quantity for product, quantity in quantities.items()})
        decided.append(Reservation(order_id=id, state=State.REJECTED if reason else State.RESERVED, reason=reason))
    Reservation.objects.bulk_create(decided)
    ReservationLine.objects.bulk_create(
        ReservationLine(reservation=reservation, product_id=product, quantity=quantity)
        for reservation in decided
        if reservation.state == State.RESERVED
        for product, quantity in wanted[reservation.order_id].items()
    )
    _answer(decided, shelf)


@transaction.atomic(savepoint=False)
def stock_release(*, reasons: Mapping[UUID, str]) -> None:
    """Give back what these orders have, once. One that has not asked yet is noted: when it asks, it gets nothing."""
    stock_turn()
    known = Reservation.objects.prefetch_related("lines").in_bulk(list(reasons))
    early = [
        Reservation(order_id=id, state=State.RELEASED, reason=reason)
        for id, reason in reasons.items()
        if id not in known
    ]
    held = {
        id: {line.product_id: line.quantity for line in known[id].lines.all()}
        for id in reasons
        if id in known and known[id].state == State.RESERVED
    }
    shelf = _Shelf(product for quantities in held.values() for product in quantities)
    for id, quantities in held.items():
        shelf.add(quantities)
        known[id].state, known[id].reason = State.RELEASED, reasons[id]
        known[id].version += 1
    released = [known[id] for id in held]
    Reservation.objects.bulk_create(early)
    Reservation.objects.bulk_update(released, ["state", "reason", "version"])
    ReservationLine.objects.filter(reservation__in=list(held)).delete()  # lines say what is taken
    _answer([*early, *released], shelf)


def stock_turn(using: str = "default") -> None:
    """Wait until nobody else changes the stock of several products; until the end of this transaction.

    A message of fifty orders is one transaction, which takes products in the order of the orders: two of them at once
    would wait for each other in a circle. Each in its turn costs nothing that one database's CPU would not cost too.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _merged(lines: Iterable[c.Line]) -> dict[UUID, int]:
    """How many of each product; 0 when a line has less than one, which would add to the stock."""
    wanted: Counter[UUID] = Counter()
    wrong: dict[UUID, int] = {}
    for line in lines:
        wanted[line.product_id] += line.quantity
        if line.quantity < 1:
            wrong[line.product_id] = 0
    return dict(wanted) | wrong


def _locked_in_order(ids: Iterable[UUID]) -> list[Product]:
    """In the order of ids: whoever changes one of them meanwhile is waited for, not met half-way.

    Without a join: of a row that was waited for Postgres looks again whether it belongs to the result, with the
    category that it had before, and would leave one out whose category has just changed.
    """
    rows = Product.objects.select_for_update(no_key=True).filter(pk__in=list(ids))
    return list(rows.prefetch_related("category").order_by("pk"))


class _Shelf:
    """Products that are locked until the end of the transaction: their stock is counted here, and written once."""

    def __init__(self, ids: Iterable[UUID]):
        self._products = {product.id: product for product in _locked_in_order(set(ids))}
        self._changes: Counter[UUID] = Counter()

    def objection(self, wanted: Mapping[UUID, int]) -> str:
        """Why these cannot be had, for people; '' when they can."""
        on_sale = {id: product for id, product in self._products.items() if product.removed_at is None}
        if not wanted or min(wanted.values()) < 1:
            return "The order asks for nothing."
        if wanted.keys() - on_sale.keys():
            return "A product of this order is not sold any more."
        short = [on_sale[id] for id, quantity in wanted.items() if quantity > on_sale[id].stock]
        return " ".join(f"Of “{product.name}” there are only {product.stock} left." for product in short)

    def add(self, quantities: Mapping[UUID, int]) -> None:
        for id, quantity in quantities.items():
            self._products[id].stock += quantity
            self._changes[id] += quantity

    def write(self) -> list[Product]:
        """Those that changed, and are to be told; of a removed one nothing is told, it would come back.

        One statement for each quantity, of which most orders have one: less work than a CASE for each row.
        """
        groups: dict[tuple[int, bool], list[UUID]] = defaultdict(list)
        changed = [product for id, product in self._products.items() if id in self._changes]
        for product in changed:
            told = product.removed_at is None
            product.version += told
            groups[self._changes[product.id], told].append(product.id)
        for (quantity, told), ids in groups.items():
            Product.objects.filter(pk__in=ids).update(stock=F("stock") + quantity, version=F("version") + int(told))
        return [product for product in changed if product.removed_at is None]


def _answer(reservations: Iterable[Reservation], shelf: _Shelf) -> None:
    """Tell the orders, and how much there is of each product now."""
    answers = [
        ANSWERS[State(one.state)](version=one.version, order_id=one.order_id, reason=one.reason) for one in reservations
    ]
    publish(*answers, *map(product_event, shelf.write()))
