"""What the pages read. Lists come as plain dicts (JSON), so that the cache can hold them; the rest as model objects."""

from uuid import UUID

from django.core.paginator import Paginator
from django.db import connections, models, router
from django.db.models import Count, Q, QuerySet, Sum, Value

from web.caching import CATEGORIES, FEATURED, POPULAR, remember
from web.models import Cart, CartItem, Category, Product, Review, User
from web.pictures import picture_name

PAGE_SIZE = 24
REVIEWS_PAGE_SIZE = 10
SHELF_SIZE = 8
# Short: the edge cache carries the load, this one spares the database what the edge misses.
LIST_SECONDS = 30
CATEGORY_SECONDS = 300

SORTS = {
    "popular": ("Most viewed", ("-view_count", "id")),
    "new": ("Newest", ("-created", "id")),
    "price": ("Price, low to high", ("price_cents", "id")),
    "-price": ("Price, high to low", ("-price_cents", "id")),
}
CARD_FIELDS = ("name", "slug", "motif", "price_cents", "rating_sum", "rating_count", "category__name")


class FullText(models.Func):
    """Does the product's search column (Postgres only; migration 0002) match the words?"""

    template = '("web_product"."search" @@ websearch_to_tsquery(\'english\', %(expressions)s))'
    output_field = models.BooleanField()


class FullTextRank(models.Func):
    template = '(ts_rank("web_product"."search", websearch_to_tsquery(\'english\', %(expressions)s)))'
    output_field = models.FloatField()


def product_card(row: dict) -> dict:
    """What a tile shows of a product."""
    count = row["rating_count"]
    return {
        "name": row["name"],
        "slug": row["slug"],
        "category": row["category__name"],
        "picture": picture_name(row["motif"], row["slug"]),
        "price_cents": row["price_cents"],
        "rating": round(row["rating_sum"] / count, 1) if count else None,
        "rating_count": count,
    }


def _cards(products: QuerySet) -> list[dict]:
    return [product_card(row) for row in products.values(*CARD_FIELDS)]


def _page(products: QuerySet, number: int) -> dict:
    """One page of cards. Raises EmptyPage when there is no such page."""
    paginator = Paginator(products, PAGE_SIZE)
    page = paginator.page(number)
    return {"items": _cards(page.object_list), "number": number, "pages": paginator.num_pages, "count": paginator.count}


def category_list(*, fresh: bool = False) -> list[dict]:
    """All categories in the shop's order, each with its size."""

    def load():
        size = Count("products", filter=Q(products__removed_at=None))
        rows = Category.objects.annotate(size=size).order_by("position", "name")  # grouped, they lose their own order
        return list(rows.values("name", "slug", "tagline", "size"))

    return remember(CATEGORIES, CATEGORY_SECONDS, load, fresh=fresh)


def product_featured(*, fresh: bool = False) -> list[dict]:
    shelf = Product.objects.sold().filter(featured=True).order_by("-created", "id")[:SHELF_SIZE]
    return remember(FEATURED, LIST_SECONDS, lambda: _cards(shelf), fresh=fresh)


def product_popular(*, fresh: bool = False) -> list[dict]:
    shelf = Product.objects.sold().order_by("-view_count", "id")[:SHELF_SIZE]
    return remember(POPULAR, LIST_SECONDS, lambda: _cards(shelf), fresh=fresh)


def product_page(*, category: str, sort: str, number: int, fresh: bool = False) -> dict:
    """One page of a category. Raises EmptyPage beyond the last one."""
    products = Product.objects.sold().filter(category__slug=category).order_by(*SORTS[sort][1])
    return remember(["category", category, sort, number], LIST_SECONDS, lambda: _page(products, number), fresh=fresh)


def product_search(*, words: str, number: int, fresh: bool = False) -> dict:
    """One page of what matches the words, best first. Raises EmptyPage beyond the last one."""
    return remember(
        ["search", words.lower(), number], LIST_SECONDS, lambda: _page(_matching(words), number), fresh=fresh
    )


def _matching(words: str) -> QuerySet:
    if connections[router.db_for_read(Product) or "default"].vendor == "postgresql":
        ranked = Product.objects.sold().filter(FullText(Value(words))).annotate(rank=FullTextRank(Value(words)))
        return ranked.order_by("-rank", "-view_count", "id")
    found = Product.objects.sold()
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return found.order_by("-view_count", "id")


def product_get(*, slug: str) -> Product:
    """The product that is sold under this address; of two, until the older one's event has come, the newer.

    Raises Product.DoesNotExist.
    """
    found = Product.objects.sold().select_related("category").filter(slug=slug).order_by("-id").first()
    if found is None:
        raise Product.DoesNotExist
    return found


def product_was_sold(*, slug: str) -> bool:
    """Whether there was such a product."""
    return Product.objects.filter(slug=slug).exclude(removed_at=None).exists()


def product_related(*, product: Product, fresh: bool = False) -> list[dict]:
    """Four others of its category, the most viewed first."""
    key = ["related", str(product.category_id), product.slug]
    others = Product.objects.sold().filter(category=product.category_id).exclude(pk=product.pk)
    return remember(key, LIST_SECONDS, lambda: _cards(others.order_by("-view_count", "id")[:4]), fresh=fresh)


def review_page(*, product: Product, number: int) -> dict:
    """One page of the product's reviews, newest first. The product already knows how many there are: no COUNT."""
    pages = max(1, -(-product.rating_count // REVIEWS_PAGE_SIZE))
    start = (number - 1) * REVIEWS_PAGE_SIZE
    reviews = Review.objects.filter(product=product).select_related("author").order_by("-created", "-id")
    return {"items": reviews[start : start + REVIEWS_PAGE_SIZE], "number": number, "pages": pages}


def review_exists(*, product: Product, author: User) -> bool:
    return Review.objects.filter(product=product, author=author).exists()


def cart_of_guest(*, cart_id: UUID) -> Cart | None:
    return Cart.objects.filter(pk=cart_id, owner=None).first()


def cart_of_owner(*, owner: User) -> Cart | None:
    return Cart.objects.filter(owner=owner).first()


def cart_items(*, cart_id: UUID | None = None, owner: User | None = None) -> list[CartItem]:
    """The lines of a guest's or an account's cart, with it and their products, in one query: all of one moment."""
    of = {"cart__owner": owner} if owner else {"cart_id": cart_id, "cart__owner": None}
    return list(CartItem.objects.filter(**of).select_related("cart", "product__category").order_by("id"))


def products_known(*, ids: list[UUID]) -> dict[UUID, Product]:
    """Those of these products that the shop has heard of, in one query."""
    return Product.objects.in_bulk(ids)


def cart_size(*, cart_id: UUID | None = None, owner: User | None = None) -> int:
    """How many things are in the cart."""
    of = {"cart__owner": owner} if owner else {"cart_id": cart_id, "cart__owner": None}
    return CartItem.objects.filter(**of).aggregate(size=Sum("quantity"))["size"] or 0
