"""What is shown of what people wrote; how money and stars read; what the catalogue is made of."""

import re
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from web.catalogue.people import people_rows, review_rows
from web.catalogue.products import category_rows, product_rows
from web.models import Product, Review, User
from web.pictures import MOTIFS, picture_svg
from web.services import cart_create, review_create
from web.templatetags.shop import price, stars


def test_markup_in_a_review_is_text(client, product, user):
    text = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> & more"
    review_create(product=product, author=user, rating=1, title="<b>bold</b>", text=text)
    page = client.get("/products/oban-lamp-1/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_markup_in_a_search_is_text(client, category):
    page = client.get('/search/?q="><script>x</script>').content.decode()
    assert "<script>x" not in page


@pytest.mark.parametrize(("cents", "text"), [(0, "€0.00"), (1290, "€12.90"), (123405, "€1,234.05")])
def test_price(cents, text):
    assert price(cents) == text


def test_stars():
    assert 'stars-9" role="img" aria-label="4.4 of 5 stars"' in stars(4.4, 12)
    assert "No reviews yet" in stars(None, 0)
    assert stars(None) == ""


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_picture_is_small_well_formed_and_its_own(motif):
    first, second = picture_svg(motif, "one"), picture_svg(motif, "two")
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert first != second
    assert first == picture_svg(motif, "one")
    assert len(first) < 6000
    assert "style=" not in first


def test_the_catalogue_is_large_varied_and_always_the_same():
    products, people = list(product_rows()), list(people_rows())
    reviews = list(review_rows(products, people))
    assert products == list(product_rows())
    assert reviews == list(review_rows(products, people))
    assert len(list(category_rows())) == 12
    assert len(products) >= 1000
    for field in ("id", "slug", "name"):
        assert len({row[field] for row in products}) == len(products)
    assert len({row["description"] for row in products}) > 0.9 * len(products)
    assert len({row["id"] for row in reviews}) == len(reviews) > 2000
    assert {row["motif"] for row in products} == set(MOTIFS)
    assert all(len(re.findall(r"[.!?](?: |$)", row["description"])) >= 4 for row in products)


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "django_admin"
    path.write_text("staff-password\n")
    return path


def test_seeding_twice_keeps_what_people_added(db, password, user, monkeypatch):
    call_command("seed", admin_password_file=password)
    product = Product.objects.get(slug=next(product_rows())["slug"])
    reviews, before = Review.objects.count(), product.rating_count
    review_create(product=product, author=user, rating=5, title="Mine", text="Stays.")
    monkeypatch.setattr("web.management.commands.seed.stamp_of", lambda env, job: "newer code")
    call_command("seed", admin_password_file=password)
    product.refresh_from_db()
    assert (Product.objects.count(), Review.objects.count()) == (1032, reviews + 1)
    assert product.rating_count == before + 1
    assert User.objects.get(username="admin").check_password("staff-password")
    assert cart_create().pk.version == 7


def test_seeding_again_with_the_same_code_does_nothing(db, password, django_assert_max_num_queries, capsys):
    call_command("seed", admin_password_file=password)
    with django_assert_max_num_queries(5):
        call_command("seed", admin_password_file=password)
    assert "already done" in capsys.readouterr().out


def test_ratings_agree_with_the_reviews(db):
    call_command("seed", no_admin=True)
    for product in Product.objects.prefetch_related("reviews")[:200]:
        ratings = [review.rating for review in product.reviews.all()]
        assert (product.rating_sum, product.rating_count) == (sum(ratings), len(ratings))


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_missing_or_empty_password_stops_the_seed_with_one_sentence(db, tmp_path, content):
    path = tmp_path / "django_admin"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match="run `make secrets`"):
        call_command("seed", admin_password_file=path)
    assert not Product.objects.exists()
