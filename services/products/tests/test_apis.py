"""The API: what it answers, what it costs, who may; bad input gets its 4xx as problem details and writes nothing."""

import pytest

from flotilla.bus.models import Outbox
from flotilla.tests.api.making import identified
from flotilla.uuid7 import uuid7
from products.models import Category, Product
from products.services import product_remove

pytestmark = pytest.mark.django_db

NEW = {
    "slug": "tall-lamp",
    "name": "Tall Lamp",
    "description": "Tall.",
    "motif": "floor-lamp",
    "price_cents": 900,
    "category": "lighting",
}


def at(product):
    return f"/products/{product.id}/"


def names(response):
    assert response.status_code == 200
    return [item["name"] for item in response.json()["items"]]


# -- Reading


def test_a_product(client, product):
    response = client.get(at(product))
    assert response["Cache-Control"] == "public, max-age=300, s-maxage=10"
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    assert response.json() == {
        "id": str(product.id),
        "slug": "oban-lamp-1",
        "name": "Oban Lamp 1",
        "description": "A lamp.",
        "motif": "desk-lamp",
        "price_cents": 1001,
        "category": {"slug": "lighting", "name": "Lighting", "tagline": "Lamps.", "position": 0},
        "featured": False,
        "stock": 10,
        "created": product.created.isoformat().replace("+00:00", "Z"),
        "version": 1,
    }


def test_a_product_that_is_known_is_304_until_it_changes(client, staff, product):
    etag = client.get(at(product))["ETag"]
    response = client.get(at(product), headers={"If-None-Match": etag})
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    assert response["Cache-Control"] == "public, max-age=300, s-maxage=10"
    staff("patch", at(product), {"stock": 3}, **{"If-Match": etag})
    assert client.get(at(product), headers={"If-None-Match": etag}).json()["stock"] == 3


@pytest.mark.parametrize(
    "path", ["/products/{unknown}/", "/products/{removed}/", "/products/x/", "/boats/", "/products"]
)
def test_what_is_not_there(client, make_product, path):
    removed = make_product(1)
    product_remove(product_id=removed.id)
    response = client.get(path.format(unknown=uuid7(), removed=removed.id))
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"


def test_pages_are_newest_first(client, make_product):
    made = [make_product(number).name for number in range(60)]
    seen, page = [], ""
    while page is not None:
        response = client.get("/products/", {"page": page})
        seen, page = seen + names(response), response.json()["next"]
        assert len(response.json()["items"]) <= 24
    assert seen == made[::-1]
    assert response["Cache-Control"] == "public, max-age=300, s-maxage=10"


def test_filters(client, make_product):
    plants = Category.objects.create(name="Plants", slug="plants", tagline="Green.")
    make_product(1, featured=True)
    make_product(2, category=plants, description="A green thing.")
    make_product(3, category=plants, featured=True)
    assert names(client.get("/products/?category=plants")) == ["Oban Lamp 3", "Oban Lamp 2"]
    assert names(client.get("/products/?featured=true")) == ["Oban Lamp 3", "Oban Lamp 1"]
    assert names(client.get("/products/?featured=false")) == ["Oban Lamp 2"]
    assert names(client.get("/products/?q=green oban")) == ["Oban Lamp 2"]
    assert names(client.get("/products/?category=plants&featured=true&q=oban&page=")) == ["Oban Lamp 3"]
    assert names(client.get("/products/?category=boats")) == []


def test_reading_takes_one_query(client, make_product, django_assert_num_queries):
    for number in range(30):
        product = make_product(number)
    for path in ("/products/", "/products/?category=lighting", at(product)):
        with django_assert_num_queries(1):
            client.get(path)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("featured=yes", "featured"),
        ("category=a b", "category"),
        ("category=" + "x" * 61, "category"),
        ("q=" + "x" * 201, "q"),
        ("page=" + "x" * 401, "page"),
    ],
)
def test_a_bad_query_is_told_by_field(client, query, field):
    response = client.get(f"/products/?{query}")
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("query", ["page=nonsense", "page=a:b", "q=%00", "q=%ff"])
def test_a_broken_cursor_or_text_is_400(client, query):
    response = client.get(f"/products/?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


# -- Writing


def test_staff_put_a_product_on_sale(staff, category, client):
    response = staff("post", "/products/", NEW | {"stock": 5, "featured": True})
    product = Product.objects.get()
    assert response.status_code == 201
    assert response["Location"] == f"{product.id}/"
    assert response.json() == client.get(at(product)).json()
    assert (product.stock, product.featured, Outbox.objects.count()) == (5, True, 1)


def test_sent_twice_it_is_put_there_once(staff, category):
    answers = [staff("post", "/products/", NEW, **{"Idempotency-Key": "01234567"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Product.objects.count() == 1
    other = staff("post", "/products/", NEW | {"name": "Other"}, **{"Idempotency-Key": "01234567"})
    assert (other.status_code, other["Content-Type"]) == (422, "application/problem+json")


def test_staff_change_and_remove_it(staff, client, product):
    response = staff("patch", at(product), {"price_cents": 5, "name": "Lamp"})
    assert (response.status_code, response.json()["version"], response.json()["name"]) == (200, 2, "Lamp")
    assert staff("patch", at(product), {}).json()["version"] == 2
    response = staff("delete", at(product))
    assert (response.status_code, response.content) == (204, b"")
    assert client.get(at(product)).status_code == 404
    assert staff("delete", at(product)).status_code == 404
    assert staff("patch", at(product), {"price_cents": 1}).status_code == 404


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"7", "1"', "*", ' "1" '])
def test_stock_is_changed_by_who_has_read_it(staff, product, tag):
    response = staff("patch", at(product), {"stock": 3}, **{"If-Match": tag})
    assert (response.status_code, response.json()["stock"], response["ETag"]) == (200, 3, '"2"')


def test_stock_without_if_match_is_428_and_nothing_is_changed(staff, product):
    response = staff("patch", at(product), {"stock": 3, "price_cents": 5})
    assert (response.status_code, response["Content-Type"]) == (428, "application/problem+json")
    assert "If-Match" in response.json()["detail"]
    product.refresh_from_db()
    assert (product.stock, product.version) == (10, 1)


@pytest.mark.parametrize("tag", ['"2"', '"0"', "1", "", "nonsense", '"1', '"' + "1" * 5000 + '"'])
def test_what_has_changed_meanwhile_is_412(staff, product, tag):
    for change in ({"stock": 3}, {"price_cents": 5}):
        response = staff("patch", at(product), change, **{"If-Match": tag})
        assert (response.status_code, response["Content-Type"]) == (412, "application/problem+json")
    product.refresh_from_db()
    assert (product.stock, product.price_cents, product.version) == (10, 1001, 1)


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("customer", 403), ("service", 403)])
def test_nobody_else_does(client, product, who, status):
    headers = identified(who) if who else {}
    for method, path in (("post", "/products/"), ("patch", at(product)), ("delete", at(product))):
        response = getattr(client, method)(path, NEW, content_type="application/json", headers=headers)
        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"
    product.refresh_from_db()
    assert (product.version, Product.objects.count()) == (1, 1)


def test_an_identity_that_is_not_believed_reads_nothing_either(client, product):
    for headers in (identified(audience="orders"), {"X-Identity": "nonsense"}, {"X-Identity": ""}):
        assert client.get(at(product), headers=headers).status_code == 401


def test_a_taken_slug_is_409(staff, make_product):
    first, second = make_product(1), make_product(2)
    assert staff("post", "/products/", NEW | {"slug": first.slug}).status_code == 409
    assert staff("patch", at(second), {"slug": first.slug}).status_code == 409
    assert not Outbox.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        *({"price_cents": price} for price in (0, -1, 10_000_001, 10**12, 1.5, "two", "9", None, True, [])),
        *({"stock": stock} for stock in (-1, 1_000_001, 1.5, "two", None)),
        *({"slug": slug} for slug in ("", "a b", "x" * 121, 5, "a/b", "é")),
        *({"name": name} for name in ("", "  ", "x" * 121, "a\0b", "\ud800", 5, None)),
        *({"description": text} for text in ("", "x" * 10_001, "a\0b")),
        *({"motif": motif} for motif in ("", "a b", "x" * 31)),
        *({"category": slug} for slug in ("boats", "", None, 5)),
        *({"featured": flag} for flag in ("true", 1, None)),
        *({name: 1} for name in ("id", "version", "created", "removed_at", "colour")),
    ],
    ids=lambda change: next(iter(change)),
)
def test_bad_fields_are_refused_by_name(staff, product, change):
    for method, path, data in (("post", "/products/", NEW | change), ("patch", at(product), change)):
        response = staff(method, path, data)
        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == list(change)
    product.refresh_from_db()
    assert (product.version, Product.objects.count(), Outbox.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize("missing", list(NEW))
def test_a_new_product_needs_all_of_it(staff, category, missing):
    response = staff("post", "/products/", {name: value for name, value in NEW.items() if name != missing})
    assert [error["field"] for error in response.json()["errors"]] == [missing]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"name": "\xff"}'], ids=range(6))
def test_a_body_that_is_no_object_is_400(staff, category, body):
    assert staff("post", "/products/", body).status_code == 400


def test_a_body_that_is_too_large_is_413(staff, category):
    assert staff("post", "/products/", b" " * 2_000_001).status_code == 413


def test_a_form_is_415(client, category):
    response = client.post("/products/", NEW, headers=identified("staff"))
    assert (response.status_code, response["Content-Type"]) == (415, "application/problem+json")


@pytest.mark.parametrize(("path", "allowed"), [("/products/", "GET, POST"), ("{product}", "GET, PATCH, DELETE")])
def test_methods_that_there_are_not(staff, product, path, allowed):
    for method in ("put", "options"):
        response = staff(method, path.format(product=at(product)), {})
        assert response.status_code == 405
        assert response["Allow"].startswith(allowed)


def test_a_wrong_host(client, db):
    assert client.get("/products/", headers={"Host": "evil.example"}).status_code == 400


def test_health(client, db):
    assert client.get("/health/").json()["service"] == "products"
