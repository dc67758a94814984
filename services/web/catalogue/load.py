"""Writes what the demonstration has in the shop itself: staff, people, what they say, how often things were looked at.

The products come from the products service. Run again, it changes nothing that people have added since.
"""

from collections import Counter, defaultdict
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from web.catalogue.people import Reviewed, people_rows, review_rows, views_of
from web.models import Product, Review, User

BATCH = 200
ADMIN = "admin"


@transaction.atomic
def people_load() -> int:
    """The accounts of those who review; how many."""
    people, nobody = list(people_rows()), make_password(None)
    User.objects.bulk_create((User(**row, password=nobody) for row in people), BATCH, ignore_conflicts=True)
    return len(people)


@transaction.atomic
def reviews_load() -> dict[str, int]:
    """Reviews for each product that none of these people has reviewed, views for each that has none; how many.

    The products stay locked until the end, in the order of every other writer.
    """
    products = list(Product.objects.sold().select_for_update(no_key=True).order_by("pk"))
    reviewed = _reviews_write(products)
    new = [product for product in products if product.pk in reviewed or not product.view_count]
    for product in new:
        product.view_count = product.view_count or views_of(product.pk)
    Product.objects.bulk_update(new, ["view_count", "rating_sum", "rating_count"], BATCH)
    return {"products": len(products), "reviews": sum(reviewed.values())}


def _reviews_write(products: list[Product]) -> Counter[UUID]:
    """How many for which product; their ratings are added to `products`, which are not yet saved.

    All rows are new: a product with a review of these people gets no further one, and nobody can log in as them.
    """
    people = list(people_rows())
    authors = set(User.objects.filter(pk__in=[row["id"] for row in people]).values_list("pk", flat=True))
    done = set(Review.objects.filter(author_id__in=authors).values_list("product_id", flat=True))
    new = [Reviewed(product.pk, product.slug, product.created) for product in products if product.pk not in done]
    rows = [row for row in review_rows(new, people) if row["author_id"] in authors]  # a name may have been taken
    Review.objects.bulk_create((Review(**row) for row in rows), BATCH)
    _ratings_add(products, rows)
    return Counter(row["product_id"] for row in rows)


def _ratings_add(products: list[Product], rows: list[dict]) -> None:
    ratings: dict = defaultdict(list)
    for row in rows:
        ratings[row["product_id"]].append(row["rating"])
    for product in products:
        product.rating_sum += sum(ratings[product.pk])
        product.rating_count += len(ratings[product.pk])


@transaction.atomic
def admin_ensure(*, password: str) -> None:
    """The staff account, with the password of the secret file."""
    admin = User.objects.filter(username=ADMIN).first() or User(username=ADMIN, email="admin@example.com")
    if admin.is_superuser and admin.check_password(password):
        return
    admin.is_staff = admin.is_superuser = True
    admin.set_password(password)
    admin.save()
