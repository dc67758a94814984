"""Writes the demonstration catalogue. Run again, also from newer code, it adds what is missing: what is there is the
staff's, who may have changed it, taken it off sale, or given its slug to another product."""

from itertools import batched

from django.db import transaction

from flotilla.bus.publishing import publish
from products.catalogue.products import category_rows, product_rows
from products.models import Category, Product
from products.services import product_event

BATCH = 200


@transaction.atomic
def catalogue_load() -> dict[str, int]:
    """Insert and tell what is missing: {"products": of the table, "new": that were missing}."""
    Category.objects.bulk_create((Category(**row) for row in category_rows()), ignore_conflicts=True)
    rows = list(product_rows())
    new = [Product(**row) for row in _missing(rows)]
    Product.objects.bulk_create(new, BATCH)
    for batch in batched(new, BATCH, strict=False):
        publish(*map(product_event, batch))
    return {"products": len(rows), "new": len(new)}


def _missing(rows: list[dict]) -> list[dict]:
    """Those whose id and slug nobody has, not even a removed product."""
    ids = set(Product.objects.values_list("pk", flat=True))
    slugs = set(Product.objects.values_list("slug", flat=True))
    categories = {category.slug: category for category in Category.objects.all()}
    return [
        row | {"category": categories[row["category"]]}
        for row in rows
        if row["id"] not in ids and row["slug"] not in slugs
    ]
