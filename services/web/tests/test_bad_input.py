"""Bad input gets its right 4xx, with the request id on the page, and leaves nothing behind."""

import pytest
from django.test import Client
from django.utils import timezone

from web.models import Cart, CartItem, Product, Review
from web.services import cart_create

REVIEW = {"rating": 5, "title": "Fine", "text": "Good."}
ID = "0123456789abcdef"


@pytest.fixture(autouse=True)
def nothing_written(product):
    yield
    assert not Review.objects.exists()
    assert not CartItem.objects.exists()


def refused(response, status):
    assert response.status_code == status
    assert f"Request <code>{ID}" in response.content.decode()
    return response


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/categories/lighting/?page=-1", 404),
        ("/categories/lighting/?page=0", 404),
        ("/categories/lighting/?page=1000000000", 404),
        ("/categories/lighting/?page=2", 404),
        ("/categories/lighting/?page=one", 404),
        ("/categories/lighting/?page=²", 404),
        ("/categories/lighting/?sort=colour", 404),
        ("/search/?q=lamp&page=1000000000", 404),
        ("/products/oban-lamp-1/?page=2", 404),
        ("/products/unknown/", 404),
        ("/products/unknown/add/", 404),
        ("/categories/unknown/", 404),
        ("/search/?q=" + "x" * 201, 400),
        ("/search/?q=%00", 400),
        ("/search/?q=%ff", 400),
        ("/search/?q=%ED%A0%80", 400),
        ("/?x=%c3", 400),
        ("/search/?q=" + "x" * 10_000, 414),
    ],
)
def test_bad_addresses(client, url, status):
    refused(client.get(url, headers={"X-Request-ID": ID}), status)


@pytest.mark.parametrize(
    "change",
    [
        {"rating": 7},
        {"rating": 0},
        {"rating": "five"},
        {"rating": ""},
        {"title": ""},
        {"title": "x" * 121},
        {"text": "x" * 5001},
    ],
)
def test_bad_reviews(member, change):
    assert member.post("/products/oban-lamp-1/review/", REVIEW | change).status_code == 422


def test_a_review_of_1_mb(member):
    assert member.post("/products/oban-lamp-1/review/", REVIEW | {"text": "x" * 2**20}).status_code == 422


def test_a_review_of_2_mb(member):
    refused(
        member.post("/products/oban-lamp-1/review/", REVIEW | {"text": "x" * 2**21}, headers={"X-Request-ID": ID}), 413
    )


def test_a_review_with_a_nul_or_broken_text(member):
    for body in ("rating=5&title=a&text=%00", "rating=5&title=a&text=%ff"):
        response = member.post(
            "/products/oban-lamp-1/review/", body, content_type="application/x-www-form-urlencoded",
            headers={"X-Request-ID": ID},
        )  # fmt: skip
        refused(response, 400)


def test_a_review_by_a_guest(client):
    refused(client.post("/products/oban-lamp-1/review/", REVIEW, headers={"X-Request-ID": ID}), 403)


def test_a_review_of_an_unknown_product(member):
    refused(member.post("/products/unknown/review/", REVIEW, headers={"X-Request-ID": ID}), 404)


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "many", "", "1e9", "9" * 5000])
def test_bad_quantities(client, quantity):
    assert client.post("/products/oban-lamp-1/add/", {"quantity": quantity}).status_code == 422
    assert not Cart.objects.exists()


def test_a_bad_quantity_in_the_cart(client, product):
    client.post("/products/oban-lamp-1/add/", {"quantity": 1})
    line = f"/cart/items/{product.pk}/"
    for quantity in ("100", "-1", "many", ""):
        assert client.post(line, {"quantity": quantity}).status_code == 422
    client.post(line, {"quantity": 0})


def test_changing_a_cart_that_is_not_there(client, product):
    line = f"/cart/items/{product.pk}/"
    refused(client.post(line, {"quantity": 1}, headers={"X-Request-ID": ID}), 404)


@pytest.mark.parametrize("id", ["oban-lamp-1", "00000000-0000-7000-8000-000000000000", "0"])
def test_a_line_of_no_product(client, product, id):
    client.post("/products/oban-lamp-1/add/", {"quantity": 1})
    refused(client.post(f"/cart/items/{id}/", {"quantity": 1}, headers={"X-Request-ID": ID}), 404)
    client.post(f"/cart/items/{product.pk}/", {"quantity": 0})


@pytest.mark.parametrize(("change", "status"), [({"stock": 0}, 409), ({"removed_at": timezone.now()}, 404)])
def test_adding_what_there_is_none_of(client, product, change, status):
    Product.objects.update(**change)
    assert client.post("/products/oban-lamp-1/add/", {"quantity": 1}).status_code == status
    assert not Cart.objects.exists()


@pytest.mark.parametrize("url", ["/", "/cart/", "/products/oban-lamp-1/"])
@pytest.mark.parametrize("nonsense", ["nonsense", "a:b", "00000000-0000-0000-0000-000000000000:x"])
def test_a_cart_cookie_of_nonsense_is_refused_and_taken_back(client, url, nonsense):
    client.cookies["cart"] = nonsense
    response = refused(client.get(url, headers={"X-Request-ID": ID}), 400)
    assert response.cookies["cart"].value == ""


def test_a_guest_cannot_name_another_cart(client):
    client.cookies["cart"] = str(cart_create().pk)
    assert client.post("/products/oban-lamp-1/add/", {"quantity": 1}).status_code == 400


def test_a_malformed_session_is_refused_and_taken_back(client):
    client.cookies["sessionid"] = "../../etc/passwd"
    response = refused(client.get("/", headers={"X-Request-ID": ID}), 400)
    assert response.cookies["sessionid"].value == ""


def test_a_guessed_session_is_nobody(client):
    client.cookies["sessionid"] = "a" * 32
    assert "Log in" in client.get("/").content.decode()
    assert client.post("/products/oban-lamp-1/review/", REVIEW).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "/products/oban-lamp-1/review/",
        "/products/oban-lamp-1/add/",
        "/accounts/login/",
        "/accounts/register/",
        "/checkout/",
    ],
)
def test_forms_without_a_token(url, user):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    refused(strict.post(url, REVIEW | {"quantity": 1}, headers={"X-Request-ID": ID}), 403)


@pytest.mark.parametrize("url", ["/", "/search/", "/products/oban-lamp-1/", "/robots.txt"])
def test_methods_that_a_page_does_not_have(client, url):
    for send in (client.post, client.delete):
        assert refused(send(url, headers={"X-Request-ID": ID}), 405)["Allow"].startswith("GET")


def test_a_wrong_host(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
