"""Writes the demonstration catalogue. Run again, it tells only what is new or has changed, and touches no stock."""

from itertools import batched
from uuid import UUID

from django.db import transaction

from flotilla.bus.publishing import publish
from products.catalogue.products import category_rows, product_rows
from products.models import ON_SALE, Category, Product
from products.services import product_event, stock_turn

BATCH = 200
REFRESHED = ("slug", "name", "description", "motif", "price_cents", "category", "featured")


@transaction.atomic
def catalogue_load() -> dict[str, int]:
    """Insert what is missing, refresh names, texts and prices. What staff have removed stays removed."""
    stock_turn()  # it takes many products, as orders do
    touched = _categories_write()
    rows = _rows()
    known = _known([row["id"] for row in rows])
    new = [Product(**row) for row in rows if row["id"] not in known]
    changed = [
        product
        for product, row in ((known[row["id"]], row) for row in rows if row["id"] in known)
        if product.removed_at is None and (_refresh(product, row) or product.category_id in touched)
    ]
    _write(new, changed)
    return {"products": len(rows), "new": len(new), "changed": len(changed)}


def _categories_write() -> set[UUID]:
    """The ids of those that read differently now: so do all of their products."""
    before = {category.pk: category for category in Category.objects.all()}
    rows = list(category_rows())
    Category.objects.bulk_create(
        (Category(**row) for row in rows),
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["slug", "name", "tagline", "position"],
    )
    known = [(before[row["id"]], row) for row in rows if row["id"] in before]
    return {row["id"] for old, row in known if any(getattr(old, name) != value for name, value in row.items())}


def _rows() -> list[dict]:
    """The table's rows, without what is removed, and without a slug that another product has meanwhile."""
    categories = {category.slug: category for category in Category.objects.all()}
    removed = set(Product.objects.exclude(ON_SALE).values_list("pk", flat=True))
    owners = dict(Product.objects.values_list("slug", "pk"))
    rows = [row | {"category": categories[row["category"]]} for row in product_rows()]
    return [row for row in rows if row["id"] not in removed and owners.get(row["slug"], row["id"]) == row["id"]]


def _known(ids: list[UUID]) -> dict[UUID, Product]:
    """Those that are there, locked. One that has been removed while we waited stays removed."""
    locked = Product.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    return {product.pk: product for product in locked.select_related("category").order_by("pk")}


def _refresh(product: Product, row: dict) -> bool:
    """Whether it reads differently from now on."""
    differing = [name for name in REFRESHED if getattr(product, name) != row[name]]
    for name in differing:
        setattr(product, name, row[name])
    return bool(differing)


def _write(new: list[Product], changed: list[Product]) -> None:
    for product in changed:
        product.version += 1
    Product.objects.bulk_create(new, BATCH)
    Product.objects.bulk_update(changed, [*REFRESHED, "version"], BATCH)
    for batch in batched([*new, *changed], BATCH, strict=False):
        publish(*map(product_event, batch))
