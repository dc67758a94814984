"""Pages: what they show, what they cost, who may keep them."""

import pytest
from django.core.cache import cache

from web import selectors
from web.models import Product, Review, User
from web.services import product_views, review_create

PUBLIC = ("/", "/categories/lighting/", "/search/?q=lamp", "/products/oban-lamp-1/")


@pytest.fixture
def shop(make_product):
    """Thirty products (two pages), the first with twelve reviews (two pages)."""
    products = [make_product(number, featured=number < 10) for number in range(1, 31)]
    for number in range(12):
        author = User.objects.create_user(f"author{number}", f"a{number}@example.com")
        review_create(product=products[0], author=author, rating=5, title=f"Review {number}", text="Fine.")
    cache.clear()
    return products


@pytest.mark.parametrize(
    ("url", "cold", "warm"),
    [
        ("/", 3, 0),  # featured, popular, departments
        ("/categories/lighting/", 3, 0),  # departments, count, page
        ("/search/?q=lamp", 3, 0),
        ("/products/oban-lamp-1/", 4, 2),  # product, reviews; then related, departments
    ],
)
def test_query_counts(client, shop, django_assert_num_queries, url, cold, warm):
    for count in (cold, warm):
        with django_assert_num_queries(count):
            assert client.get(url).status_code == 200


def test_query_counts_do_not_grow_with_the_cart(member, user, shop, django_assert_num_queries):
    for product in shop[:6]:
        member.post(f"/products/{product.slug}/add/", {"quantity": 1})
    member.get("/cart/")
    with django_assert_num_queries(2):  # user, lines; the session comes from its cache
        assert b"Oban Lamp 6" in member.get("/cart/").content


@pytest.mark.parametrize("url", PUBLIC)
def test_public_pages_may_be_shared_and_carry_nothing_personal(client, shop, url):
    response = client.get(url)
    assert response["Cache-Control"].startswith("public, max-age=0, s-maxage=")
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    assert b"csrfmiddlewaretoken" not in response.content
    assert b"request_key" not in response.content
    again = client.get(url, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("url", PUBLIC)
@pytest.mark.parametrize("cookie", ["cart", "consistency"])
def test_pages_for_known_visitors_are_theirs_alone(client, shop, url, cookie):
    client.post("/products/oban-lamp-1/add/", {"quantity": 1})
    if cookie == "consistency":
        client.cookies.clear()
        client.cookies["consistency"] = "anything"
    response = client.get(url)
    assert response["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response["Vary"]


@pytest.mark.parametrize(
    "url", ["/cart/", "/checkout/", "/orders/", "/accounts/login/", "/accounts/register/", "/products/oban-lamp-1/add/"]
)
def test_pages_with_tokens_are_never_stored(client, shop, url):
    assert "no-store" in client.get(url)["Cache-Control"]


def test_nothing_in_the_pages_is_inline(client, shop):
    for url in (*PUBLIC, "/cart/", "/accounts/login/", "/no-such-page/"):
        page = client.get(url).content.decode()
        assert "style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count("<script src=")


def test_a_page_works_without_a_cache(client, shop, settings):
    settings.CACHES = {
        name: {"BACKEND": "django.core.cache.backends.dummy.DummyCache"} for name in ("default", "sessions")
    }
    for url in PUBLIC:
        assert client.get(url).status_code == 200


def test_one_who_has_just_written_is_not_shown_the_cached_list(client, shop, category):
    client.get("/categories/lighting/?sort=new")
    Product.objects.filter(slug="oban-lamp-30").update(name="Renamed Lamp")
    assert b"Renamed" not in client.get("/categories/lighting/?sort=new").content
    client.cookies["consistency"] = "anything"
    assert b"Renamed" in client.get("/categories/lighting/?sort=new").content


def test_cached_values_are_the_same_as_read_ones(shop):
    first = selectors.product_page(category="lighting", sort="price", number=2)
    assert first == selectors.product_page(category="lighting", sort="price", number=2)
    assert [card["slug"] for card in first["items"]] == [f"oban-lamp-{n}" for n in range(25, 31)]
    assert (first["pages"], first["count"]) == (2, 30)


@pytest.mark.parametrize(
    ("sort", "first"),
    [("price", "oban-lamp-1"), ("-price", "oban-lamp-30"), ("new", "oban-lamp-30"), ("popular", "oban-lamp-7")],
)
def test_sorting(shop, sort, first):
    Product.objects.filter(slug="oban-lamp-7").update(view_count=5)
    assert selectors.product_page(category="lighting", sort=sort, number=1)["items"][0]["slug"] == first


def test_reviews_are_paginated_newest_first(client, shop):
    first, second = (client.get(f"/products/oban-lamp-1/?page={n}").content.decode() for n in (1, 2))
    assert "Review 11" in first
    assert "Review 0" not in first
    assert "Review 0" in second
    assert "Page 2 of 2" in second


def test_search_finds_all_the_words(client, shop, make_product):
    make_product(99, name="Skagen Brass Kettle", slug="kettle")
    page = client.get("/search/?q=brass+KETTLE").content.decode()
    assert "1 thing found" in page
    assert "Skagen Brass Kettle" in page
    assert "Nothing found" in client.get("/search/?q=zeppelin").content.decode()
    assert "What are you looking for" in client.get("/search/").content.decode()


def test_views_are_counted_outside_the_database_and_not_for_head(client, shop, django_assert_num_queries):
    client.get("/products/oban-lamp-1/")
    client.head("/products/oban-lamp-1/")
    assert product_views.drain() == {str(shop[0].pk): 1}


def test_a_picture_is_kept_for_a_year_and_nobody_can_invent_one(client, shop):
    name = selectors.picture_name("desk-lamp", "oban-lamp-1")
    response = client.get(f"/pictures/{name}")
    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
    assert "immutable" in response["Cache-Control"]
    assert response.content == client.get(f"/pictures/{name}").content
    for wrong in ("desk-lamp/oban-lamp-1.000000000000.svg", "nothing/oban-lamp-1.000000000000.svg"):
        assert client.get(f"/pictures/{wrong}").status_code == 404


def test_small_files(client):
    assert b"Disallow: /cart/" in client.get("/robots.txt").content
    assert client.get("/favicon.ico")["Location"].endswith("favicon.svg")


def test_staff_lists_do_not_ask_per_row(client, shop, admin_user, django_assert_max_num_queries):
    client.force_login(admin_user)
    for model in ("product", "review", "cart", "user", "category"):
        with django_assert_max_num_queries(9):
            assert client.get(f"/admin/web/{model}/").status_code == 200
    review = Review.objects.first()
    client.post(f"/admin/web/review/{review.pk}/delete/", {"post": "yes"})
    assert Product.objects.get(slug="oban-lamp-1").rating_count == 11
