"""Writes the demonstration catalogue. Run again, it changes nothing that people have added since."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from web.catalogue.people import people_rows, review_rows
from web.catalogue.products import category_rows, product_rows
from web.models import Category, Product, Review, User

BATCH = 500
ADMIN = "admin"


@transaction.atomic
def catalogue_load() -> dict[str, int]:
    """Insert what is missing, refresh names, texts and prices. Views, ratings and reviews of people stay."""
    products, people = list(product_rows()), list(people_rows())
    reviews = list(review_rows(products, people))
    _categories_write()
    _products_write(products, reviews)
    nobody = make_password(None)
    User.objects.bulk_create((User(**row, password=nobody) for row in people), BATCH, ignore_conflicts=True)
    Review.objects.bulk_create((Review(**row) for row in reviews), BATCH, ignore_conflicts=True)
    return {"products": len(products), "people": len(people), "reviews": len(reviews)}


def _categories_write() -> None:
    Category.objects.bulk_create(
        (Category(**row) for row in category_rows()),
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "slug", "tagline", "position"],
    )


def _products_write(products: list[dict], reviews: list[dict]) -> None:
    categories = {row["slug"]: row["id"] for row in category_rows()}
    totals: dict = {}
    for review in reviews:
        total, count = totals.get(review["product_id"], (0, 0))
        totals[review["product_id"]] = total + review["rating"], count + 1
    rows = []
    for product in products:
        total, count = totals.get(product["id"], (0, 0))
        fields = product | {"category_id": categories[product["category"]], "rating_sum": total, "rating_count": count}
        del fields["category"]
        rows.append(Product(**fields))
    Product.objects.bulk_create(
        rows,
        BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "slug", "description", "motif", "price_cents", "category", "featured"],
    )


@transaction.atomic
def admin_ensure(*, password: str) -> None:
    """The staff account, with the password of the secret file."""
    admin = User.objects.filter(username=ADMIN).first() or User(username=ADMIN, email="admin@example.com")
    if admin.is_superuser and admin.check_password(password):
        return
    admin.is_staff = admin.is_superuser = True
    admin.set_password(password)
    admin.save()
