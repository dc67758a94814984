"""The pages of one's orders: what they show, what becomes of an order while one looks, cancelling it."""

import json
import uuid

import pytest
from django.test import Client

from web.models import Product
from web.tests.gateway_stub import PASSWORD, PRICE

AWAY = (503, {"detail": "The service is down."}, {"Retry-After": "7"})
JSON = {"Accept": "application/json"}


@pytest.fixture
def product_id(product):
    return str(product.pk)


@pytest.fixture
def order(customer, gateway, product_id):
    """One of the customer's; its address."""
    return place(gateway, product_id)


def place(gateway, product_id, owner="tove@example.com", status="pending"):
    line = {"product_id": product_id, "quantity": 3, "name": "Oban Lamp <1>", "price_cents": PRICE}
    id = str(uuid.uuid4())
    gateway.orders[id] = {
        "id": id, "owner": owner, "status": status, "reason": "", "items": [line], "total_cents": 3 * PRICE,
        "created_at": f"2026-11-21T10:00:{len(gateway.orders):02}+00:00",
    }  # fmt: skip
    return f"/orders/{id}/"


def become(gateway, order, status, reason=""):
    gateway.become(order.split("/")[2], status, reason)


def page(response, status=200):
    assert response.status_code == status
    return response.content.decode()


def test_an_order_shows_what_was_bought_at_the_price_of_then(customer, gateway, order):
    Product.objects.update(price_cents=5, name="Another name")
    shown = page(customer.get(order))
    for words in (
        "Oban Lamp &lt;1&gt;",
        "\N{MULTIPLICATION SIGN} 3",
        "€10.01",
        "€30.03",
        'href="/products/oban-lamp-1/"',
        "/pictures/desk-lamp/",
    ):
        assert words in shown
    assert "Another name" not in shown


def test_one_of_a_product_that_the_shop_does_not_know(customer, gateway):
    shown = page(customer.get(place(gateway, str(uuid.uuid4()))))
    assert "Oban Lamp &lt;1&gt;" in shown
    assert "/pictures/" not in shown


@pytest.mark.parametrize(
    ("status", "words", "can_be_cancelled"),
    [
        ("pending", "Being set aside", True),
        ("confirmed", "Confirmed", True),
        ("rejected", "Not possible", False),
        ("cancelled", "Cancelled", False),
        ("archived", "Archived", False),
        ("frozen", "frozen", False),
    ],
)
def test_what_has_become_of_it(customer, gateway, order, status, words, can_be_cancelled):
    become(gateway, order, status, "Oban Lamp: 3 are wanted, 2 are there.")
    shown = page(customer.get(order))
    assert f'<span class="state {status}">{words}</span>' in shown
    assert "3 are wanted, 2 are there." in shown
    assert (f'action="{order}cancel/"' in shown) == can_be_cancelled
    assert words in page(customer.get("/orders/"))


def test_a_pending_one_is_followed_with_and_without_script(customer, gateway, order):
    shown = page(customer.get(order))
    assert 'src="/static/web/order.js" defer' in shown
    assert '<noscript><meta http-equiv="refresh" content="4"></noscript>' in shown
    assert 'id="order-state" role="status" data-status="pending"' in shown
    become(gateway, order, "confirmed")
    shown = page(customer.get(order))
    assert "order.js" not in shown
    assert "refresh" not in shown


def test_the_script_asks_for_the_status_alone(customer, gateway, order, django_assert_num_queries):
    customer.get(order)
    with django_assert_num_queries(1):  # who is asking; the session comes from its cache
        answer = customer.get(order, headers=JSON)
    assert json.loads(page(answer)) == {"status": "pending"}
    assert "no-store" in answer["Cache-Control"]


def test_query_counts(customer, gateway, order, product_id, django_assert_num_queries):
    for _ in range(5):
        place(gateway, product_id)
    customer.get("/orders/")
    with django_assert_num_queries(2):  # user, size of the cart
        page(customer.get("/orders/"))
    with django_assert_num_queries(3):  # and the products
        page(customer.get(order))


def test_query_counts_of_the_checkout(customer, make_product, django_assert_num_queries):
    for number in range(1, 7):
        make_product(number)
        customer.post(f"/products/oban-lamp-{number}/add/", {"quantity": 1})
    customer.get("/checkout/")
    with django_assert_num_queries(2):  # user, cart and lines
        assert "Oban Lamp 6" in page(customer.get("/checkout/"))


def test_all_of_them_newest_first(customer, gateway, product_id):
    urls = [place(gateway, product_id) for _ in range(3)]
    first = page(customer.get("/orders/"))
    assert [url in first for url in urls] == [False, True, True]
    assert first.index(urls[2]) < first.index(urls[1])
    assert 'href="?page=2"' in first
    rest = page(customer.get("/orders/?page=2"))
    assert [url in rest for url in urls] == [True, False, False]
    assert "Older orders" not in rest


def test_none_yet(customer):
    assert "None yet." in page(customer.get("/orders/"))


def test_the_menu_leads_there(customer):
    assert '<a href="/orders/">Your orders</a>' in page(customer.get("/cart/"))


def test_nothing_in_the_pages_is_inline(customer, order):
    for url in ("/orders/", order):
        shown = page(customer.get(url))
        assert "style=" not in shown
        assert " onclick=" not in shown
        assert shown.count("<script") == shown.count("<script src=")


# -- Cancelling --------------------------------------------------------------------------------------------------------


def test_an_order_is_cancelled(customer, gateway, order):
    form = {"request_key": "0123456789abcdef"}
    for _ in range(2):
        assert customer.post(f"{order}cancel/", form)["Location"] == order
    assert "Cancelled" in page(customer.get(order))
    keys = [one.headers["Idempotency-Key"] for one in gateway.asked if one.path.endswith("/cancel/")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_one_that_is_over_is_not(customer, gateway, order):
    become(gateway, order, "rejected")
    assert "This order is rejected, and cannot be cancelled any more." in page(customer.post(f"{order}cancel/"), 409)


def test_cancelling_when_orders_are_away(customer, gateway, order):
    gateway.script("POST", f"/api{order}cancel/", AWAY)
    answer = customer.post(f"{order}cancel/")
    assert "Your orders and your cart are safe" in page(answer, 503)
    assert answer["Retry-After"] == "7"


# -- Whose they are ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("send", ["get", "post"])
def test_nobody_sees_or_cancels_anothers(customer, gateway, product_id, send):
    gateway.account("olaf@example.com", "Olaf")
    theirs = place(gateway, product_id, owner="olaf@example.com")
    answer = customer.get(theirs) if send == "get" else customer.post(f"{theirs}cancel/")
    assert "Nothing here" in page(answer, 404)
    assert theirs not in page(customer.get("/orders/"))
    assert gateway.orders[theirs.split("/")[2]]["status"] == "pending"


def test_a_guest_logs_in_first(order):
    guest = Client()
    assert guest.get(order)["Location"] == f"/accounts/login/?next={order}"
    assert guest.post(f"{order}cancel/")["Location"] == f"/accounts/login/?next={order}"
    answer = guest.post("/accounts/login/", {"email": "tove@example.com", "password": PASSWORD, "next": order})
    assert answer["Location"] == order


@pytest.mark.parametrize(
    "path", ["/orders/1/", "/orders/nonsense/", f"/orders/{uuid.uuid4()}/", f"/orders/{uuid.uuid4()}/x/"]
)
def test_orders_that_are_none(customer, path):
    page(customer.get(path), 404)


def test_a_page_that_is_none(customer, gateway):
    assert "could not read" in page(customer.get("/orders/?page=nonsense"), 400)


def test_a_page_cannot_be_posted_to_and_nothing_is_cancelled_by_looking(customer, order):
    page(customer.post(order), 405)
    page(customer.get(f"{order}cancel/"), 405)


@pytest.mark.parametrize("headers", [{}, JSON])
def test_when_orders_are_away_the_page_says_so(customer, gateway, order, headers):
    for path in ("/api/orders/", f"/api{order}"):
        gateway.script("GET", path, AWAY)
    for path in ("/orders/", order):
        answer = customer.get(path, headers=headers)
        assert "Your orders and your cart are safe" in page(answer, 503)
        assert answer["Retry-After"] == "7"
    assert "Your cart" in page(customer.get("/cart/"))


def test_refusals_that_a_page_cannot_mend_are_pages(customer, gateway, order):
    for status, words in ((403, "Not for you."), (409, "It does not fit."), (429, "in 20 seconds")):
        gateway.script(
            "GET", f"/api{order}", (status, {"detail": words}, {"Retry-After": "20"} if status == 429 else {})
        )
        assert words in page(customer.get(order), status)
