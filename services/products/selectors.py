"""What the API reads. Only what is on sale exists for it."""

from uuid import UUID

from django.db import connections, models, router
from django.db.models import Q, QuerySet, Value

from flotilla.api.pages import Page, page
from products.models import ON_SALE, Product


class FullText(models.Func):
    """Does the product's search column (Postgres only; migration 0002) match the words?"""

    template = '("products_product"."search" @@ websearch_to_tsquery(\'english\', %(expressions)s))'
    output_field = models.BooleanField()


def product_get(*, product_id: UUID) -> Product:
    """Raises Product.DoesNotExist."""
    return _on_sale().get(pk=product_id)


def product_page(*, category: str = "", featured: str = "", q: str = "", cursor: str = "") -> Page[Product]:
    """One page, newest first; each filter that is not '' narrows it. Raises BadCursor."""
    found = _on_sale()
    if category:
        found = found.filter(category__slug=category)
    if featured:
        found = found.filter(featured=featured == "true")
    return page(_matching(found, q) if q else found, cursor=cursor)


def product_ids() -> list[UUID]:
    """Of all there are, the removed ones too, in the order in which they came."""
    return list(Product.objects.order_by("pk").values_list("pk", flat=True))


def _on_sale() -> QuerySet[Product]:
    return Product.objects.select_related("category").filter(ON_SALE)


def _matching(products: QuerySet[Product], words: str) -> QuerySet[Product]:
    if connections[router.db_for_read(Product) or "default"].vendor == "postgresql":
        return products.filter(FullText(Value(words)))
    for word in words.split():
        products = products.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return products
