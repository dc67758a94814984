"""From the cart to the order: once for each cart, at nobody's prices but the orders service's, and nothing is lost."""

import re
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from flotilla.keys.models import RequestKey
from web import ordering, services
from web.models import Cart, CartItem, Product, User
from web.tests.gateway_stub import PASSWORD

CHECKOUT, ORDERS = "/checkout/", "/api/orders/"
AWAY = (503, {"detail": "The service is down."}, {"Retry-After": "7"})


@pytest.fixture
def cart(customer, make_product):
    """Two lamps of one kind and one of another are in the customer's cart."""
    for number, quantity in ((1, 2), (2, 1)):
        make_product(number)
        customer.post(f"/products/oban-lamp-{number}/add/", {"quantity": quantity})
    return Cart.objects.get()


def holds() -> dict[str, int]:
    return {line.product.slug: line.quantity for line in CartItem.objects.select_related("product")}


FULL = {"oban-lamp-1": 2, "oban-lamp-2": 1}


def form(client) -> dict:
    """The fields that the page of the order has, as a browser would send them."""
    page = client.get(CHECKOUT).content.decode()
    main = page[page.index("<main") :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', main))


def kept(response, status, words):
    """Refused: the cart is shown with what is wrong, and has everything."""
    page = response.content.decode()
    assert response.status_code == status
    assert re.search(rf'role="alert">[^<]*{re.escape(words)}', page)
    assert "<h1>Your cart" in page
    assert holds() == FULL
    return response


def placed(gateway) -> list[dict]:
    return [{item["product_id"]: item["quantity"] for item in order["items"]} for order in gateway.orders.values()]


# -- Ordering ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_will_be_ordered(customer, cart):
    Product.objects.filter(slug="oban-lamp-1").update(stock=1)
    page = customer.get(CHECKOUT).content.decode()
    for words in (
        "Oban Lamp 1",
        "Oban Lamp 2",
        "\N{MULTIPLICATION SIGN} 2",
        "€30.04",
        '<span class="stock none">1 in stock',
        "tove@example.com",
    ):
        assert words in page
    assert set(form(customer)) == {"csrfmiddlewaretoken", "request_key", "cart"}


def test_an_order_is_placed_and_the_cart_is_empty(customer, cart, gateway):
    answer = customer.post(CHECKOUT, form(customer))
    (order,) = gateway.orders
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{order}/")
    ids = dict(Product.objects.values_list("slug", "id"))
    assert placed(gateway) == [{str(ids["oban-lamp-1"]): 2, str(ids["oban-lamp-2"]): 1}]
    assert holds() == {}
    assert customer.get(CHECKOUT)["Location"] == "/cart/"


def test_the_price_is_not_the_clients(customer, cart, gateway):
    more = {"price_cents": 1, "total_cents": 1, "items": "[]", "quantity": 99, "product_id": str(uuid.uuid4())}
    customer.post(CHECKOUT, form(customer) | more)
    (asked,) = gateway.of("POST", ORDERS)
    assert all(set(item) == {"product_id", "quantity"} for item in asked.body["items"])
    assert sum(item["quantity"] for item in asked.body["items"]) == 3


def test_the_next_cart_is_another_order(customer, cart, gateway):
    customer.post(CHECKOUT, form(customer))
    customer.post("/products/oban-lamp-1/add/", {"quantity": 2})
    customer.post("/products/oban-lamp-2/add/", {"quantity": 1})
    customer.post(CHECKOUT, form(customer))
    first, second = gateway.of("POST", ORDERS)
    assert first.headers["Idempotency-Key"] == str(cart.pk) != second.headers["Idempotency-Key"]
    assert (first.body, len(gateway.orders)) == (second.body, 2)


# -- Sent twice --------------------------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_order(customer, cart, gateway):
    fields = form(customer)
    first, second = (customer.post(CHECKOUT, fields) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert (len(gateway.orders), holds()) == (1, {})


def test_another_browser_that_shows_the_same_cart_is_sent_to_the_same_order(customer, cart, gateway):
    other = Client()
    other.post("/accounts/login/", {"email": "tove@example.com", "password": PASSWORD})
    fields = form(other)
    assert customer.post(CHECKOUT, form(customer))["Location"] == other.post(CHECKOUT, fields)["Location"]
    assert len(gateway.orders) == 1


def test_an_order_whose_answer_was_lost_is_found_again(customer, cart, gateway):
    """It was placed, and the shop did not learn of it: the cart is full, and its form is the same order."""
    fields = form(customer)
    gateway.script("POST", ORDERS, lambda asked: gateway.place(asked) and (503, {}, {}))
    kept(customer.post(CHECKOUT, fields), 503, "Orders cannot be taken at the moment")
    answer = customer.post(CHECKOUT, form(customer))
    assert (answer["Location"], len(gateway.orders), holds()) == (f"/orders/{next(iter(gateway.orders))}/", 1, {})


def test_a_cart_that_changed_after_a_lost_answer_is_not_ordered_unasked(customer, cart, gateway):
    gateway.script("POST", ORDERS, lambda asked: gateway.place(asked) and (503, {}, {}))
    customer.post(CHECKOUT, form(customer))
    customer.post("/products/oban-lamp-2/add/", {"quantity": 1})
    answer = customer.post(CHECKOUT, form(customer))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "has gone through already" in page
    assert 'href="/orders/"' in page
    assert (len(gateway.orders), holds()) == (1, {"oban-lamp-1": 2, "oban-lamp-2": 2})
    customer.post(CHECKOUT, form(customer))  # who has looked may order again
    assert (len(gateway.orders), holds()) == (2, {})


def test_what_is_added_while_the_order_is_placed_stays_in_the_cart(customer, cart, make_product, monkeypatch):
    third, emptied = make_product(3), ordering.cart_ordered

    def add_first(**arguments):
        services.cart_item_add(cart=cart, product=Product.objects.get(slug="oban-lamp-1"), quantity=3)
        services.cart_item_add(cart=cart, product=third, quantity=1)
        emptied(**arguments)

    monkeypatch.setattr(ordering, "cart_ordered", add_first)
    assert customer.post(CHECKOUT, form(customer)).status_code == 302
    assert holds() == {"oban-lamp-1": 3, "oban-lamp-3": 1}


def test_a_second_sending_with_one_thing_more_finds_the_order_of_the_first(customer, cart, gateway, monkeypatch):
    """While it asks, the first sending is answered."""
    fields, order_id = form(customer), uuid.uuid4()
    gateway.script("POST", ORDERS, (422, {"detail": "This request key was used for another request."}, {}))
    monkeypatch.setattr("web.selectors.cart_of_owner", lambda owner: Cart(ordered_key=cart.key, ordered_id=order_id))
    assert customer.post(CHECKOUT, fields)["Location"] == f"/orders/{order_id}/"
    cart.refresh_from_db()
    assert cart.order_key is None


def test_emptying_twice_is_once(make_product):
    owner = User.objects.create_user("tove", "tove@example.com")
    cart, product = services.cart_for_owner(owner=owner), make_product(1)
    services.cart_item_add(cart=cart, product=product, quantity=2)
    key, order_id = cart.key, uuid.uuid4()
    for _ in range(2):
        ordering.cart_ordered(cart=cart, key=key, order_id=order_id, quantities={product.pk: 1})
    cart.refresh_from_db()
    assert (cart.ordered_key, cart.ordered_id, cart.items.get().quantity) == (key, order_id, 1)
    assert cart.key not in (key, cart.pk)
    for wanted in (key, cart.key):
        before = cart.key
        ordering.cart_rekey(cart=cart, key=wanted)
        cart.refresh_from_db()
        assert (cart.key == before) == (wanted == key)


# -- What goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("away", [AWAY, (500, b"", {}), (409, {"detail": "Still at work."}, {"Retry-After": "7"})])
def test_when_orders_are_away_the_cart_says_so_and_keeps_everything(customer, cart, gateway, away):
    gateway.script("POST", ORDERS, away)
    answer = kept(customer.post(CHECKOUT, form(customer)), 503, "Orders cannot be taken at the moment")
    assert answer["Retry-After"] == ("5" if away[0] == 500 else "7")
    assert customer.post(CHECKOUT, form(customer)).status_code == 302


def test_when_the_gateway_is_away_too(customer, cart, nobody):
    kept(customer.post(CHECKOUT, form(customer)), 503, "Orders cannot be taken at the moment")


def test_when_nobody_can_renew_the_token(customer, cart, gateway):
    gateway.access.clear()
    gateway.script("POST", "/api/auth/refresh/", AWAY)
    kept(customer.post(CHECKOUT, form(customer)), 503, "Orders cannot be taken at the moment")


def test_what_cannot_be_bought_is_named(customer, cart, gateway):
    ids = sorted(map(str, Product.objects.values_list("id", flat=True)))
    name = Product.objects.get(pk=ids[1]).name
    errors = [{"field": "items[1].product_id", "detail": f"Product {ids[1]} is not for sale."}]
    gateway.script("POST", ORDERS, (422, {"detail": "See errors.", "errors": errors}, {}))
    page = kept(customer.post(CHECKOUT, form(customer)), 422, f"cannot be ordered any more: {name}. Please remove")
    assert ids[1] not in re.search(r'role="alert">([^<]*)', page.content.decode())[1]


@pytest.mark.parametrize("field", ["items", "items[9].quantity", "total"])
def test_other_refusals_are_said_as_they_are(customer, cart, gateway, field):
    errors = [{"field": field, "detail": "Not on Sundays."}]
    gateway.script("POST", ORDERS, (400, {"detail": "See errors.", "errors": errors}, {}))
    kept(customer.post(CHECKOUT, form(customer)), 422, "This cannot be ordered: Not on Sundays.")


def test_what_is_no_longer_sold_is_to_be_removed_first(customer, cart, gateway):
    fields = form(customer)
    Product.objects.filter(slug="oban-lamp-2").update(removed_at=timezone.now())
    kept(customer.get(CHECKOUT), 409, "No longer sold: Oban Lamp 2")
    kept(customer.post(CHECKOUT, fields), 409, "No longer sold: Oban Lamp 2")
    assert not gateway.of("POST", ORDERS)


def test_a_cart_with_too_many_things(customer, cart, gateway, make_product, monkeypatch):
    monkeypatch.setattr(ordering, "LINES_MAX", 1)
    kept(customer.get(CHECKOUT), 409, "up to 1 different things, and this cart has 2")


@pytest.mark.parametrize("key", ["", "x", str(uuid.uuid4()), "' OR 1=1 --"])
def test_the_form_of_another_cart_orders_nothing(customer, cart, gateway, key):
    kept(customer.post(CHECKOUT, form(customer) | {"cart": key}), 409, "not what it was when you looked at it")
    assert not gateway.of("POST", ORDERS)


def test_an_empty_cart_orders_nothing(customer, gateway):
    assert customer.get(CHECKOUT)["Location"] == "/cart/"
    answer = customer.post(CHECKOUT, {"cart": str(uuid.uuid4())})
    assert (answer.status_code, "Nothing in it yet" in answer.content.decode()) == (409, True)
    assert not gateway.of("POST", ORDERS)


def test_a_guest_logs_in_first_and_finds_the_cart_there(client, product, gateway):
    gateway.account()
    client.post("/products/oban-lamp-1/add/", {"quantity": 2})
    for answer in (client.get(CHECKOUT), client.post(CHECKOUT, {})):
        assert answer["Location"] == "/accounts/login/?next=/checkout/"
    fields = {"email": "tove@example.com", "password": PASSWORD, "next": "/checkout/"}
    assert client.post("/accounts/login/", fields)["Location"] == CHECKOUT
    assert client.post(CHECKOUT, form(client)).status_code == 302
    assert list(placed(gateway)[0].values()) == [2]


def test_whose_login_has_ended_keeps_the_cart(customer, cart, gateway):
    fields = form(customer)
    gateway.access.clear()
    gateway.refresh.clear()
    assert customer.post(CHECKOUT, fields)["Location"] == "/accounts/login/?next=/checkout/"
    assert holds() == FULL


def test_who_may_not_order_is_told_so(customer, cart, gateway):
    gateway.script("POST", ORDERS, (403, {"detail": "The account was deleted."}, {}))
    answer = customer.post(CHECKOUT, form(customer))
    assert (answer.status_code, "The account was deleted." in answer.content.decode()) == (403, True)
    assert holds() == FULL


def test_too_many_orders(customer, cart, gateway):
    gateway.script("POST", ORDERS, (429, {"detail": "Too many."}, {"Retry-After": "30"}))
    answer = customer.post(CHECKOUT, form(customer))
    assert (answer.status_code, answer["Retry-After"], "in 30 seconds" in answer.content.decode()) == (429, "30", True)
    assert holds() == FULL


def test_what_an_order_costs(customer, cart, gateway, django_assert_num_queries):
    """No key of the shop's. User, lines; the order; BEGIN, cart, items, two deletions, the cart's keys, COMMIT."""
    fields, before = form(customer), RequestKey.objects.count()
    with django_assert_num_queries(9):
        customer.post(CHECKOUT, fields)
    assert RequestKey.objects.count() == before
