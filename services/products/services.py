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
    on_sale = Product.objects.select_for_update(of=("self",)).filter(ON_SALE)
    return on_sale.select_related("category").get(pk=product_id)


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
def stock_reserve(*, order_id: UUID, lines: Iterable[c.Line]) -> Reservation:
    """Take the stock of all lines, or of none, and answer the order; the first call for an order decides."""
    stock_turn()
    known = Reservation.objects.filter(pk=order_id).first()
    if known:
        return known
    wanted = _merged(lines)
    products = _locked_in_order(wanted)
    reason = _objection(wanted, products)
    state = State.REJECTED if reason else State.RESERVED
    reservation = Reservation.objects.create(order_id=order_id, state=state, reason=reason)
    if not reason:
        ReservationLine.objects.bulk_create(
            ReservationLine(reservation=reservation, product_id=id, quantity=quantity)
            for id, quantity in wanted.items()
        )
        _stock_add(products, {id: -quantity for id, quantity in wanted.items()})
    _answer(reservation, [] if reason else products)
    return reservation


@transaction.atomic(savepoint=False)
def stock_release(*, order_id: UUID, reason: str) -> Reservation:
    """Give back what the order has, once. One that has not asked yet is noted: when it asks, it gets nothing."""
    stock_turn()
    reservation = Reservation.objects.filter(pk=order_id).first()
    if reservation is None:
        reservation = Reservation.objects.create(order_id=order_id, state=State.RELEASED, reason=reason)
        _answer(reservation, [])
    elif reservation.state == State.RESERVED:
        held = dict(reservation.lines.values_list("product_id", "quantity"))
        products = _locked_in_order(held)
        _stock_add(products, held)
        reservation.state, reservation.reason = State.RELEASED, reason
        reservation.version += 1
        reservation.save(update_fields=["state", "reason", "version"])
        _answer(reservation, products)
    return reservation


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
    """In the order of ids: whoever changes one of them meanwhile is waited for, not met half-way."""
    rows = Product.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(ids))
    return list(rows.select_related("category").order_by("pk"))


def _objection(wanted: Mapping[UUID, int], products: Iterable[Product]) -> str:
    """Why these cannot be had, for people; '' when they can."""
    on_sale = {product.id: product for product in products if product.removed_at is None}
    if not wanted or min(wanted.values()) < 1:
        return "The order asks for nothing."
    if wanted.keys() - on_sale.keys():
        return "A product of this order is not sold any more."
    short = [on_sale[id] for id, quantity in wanted.items() if quantity > on_sale[id].stock]
    return " ".join(f"Of “{product.name}” there are only {product.stock} left." for product in short)


def _stock_add(products: Iterable[Product], quantities: Mapping[UUID, int]) -> None:
    """One statement for each quantity, of which most orders have one: less work than a CASE for each row."""
    groups: dict[tuple[int, bool], list[UUID]] = defaultdict(list)
    for product in products:
        quantity, told = quantities[product.id], product.removed_at is None
        product.stock += quantity
        product.version += told  # of a removed one nothing is told: it would come back
        groups[quantity, told].append(product.id)
    for (quantity, told), ids in groups.items():
        Product.objects.filter(pk__in=ids).update(stock=F("stock") + quantity, version=F("version") + int(told))


def _answer(reservation: Reservation, products: Iterable[Product]) -> None:
    """Tell the order, and how much there is of each product now."""
    answer = ANSWERS[State(reservation.state)]
    told = answer(version=reservation.version, order_id=reservation.order_id, reason=reservation.reason)
    publish(told, *(product_event(product) for product in products if product.removed_at is None))
