import json

import hypothesis
import pytest
from hypothesis import strategies as st

from flotilla.uuid7 import uuid7
from orders import services
from orders.models import Order
from orders.tests.conftest import Caller, token

KEY = "checkout-0001"


def items(product, quantity=2):
    return {"items": [{"product_id": str(product.id), "quantity": quantity}]}


def fields(response):
    """Which fields a problem names."""
    assert response["Content-Type"] == "application/problem+json"
    return [error["field"] for error in response.json()["errors"]]


# -- Placing -----------------------------------------------------------------------------------------------------------


def test_an_order_is_placed(caller, product, user_id):
    response = caller.post("/orders/", items(product), key=KEY)
    assert response.status_code == 201
    order = Order.objects.get()
    assert order.user_id == user_id
    assert response["Location"] == f"{order.id}/"
    answer = response.json()
    assert answer.pop("created_at").startswith(f"{order.created:%Y-%m-%dT%H:%M}")
    assert answer == {
        "id": str(order.id),
        "status": "pending",
        "reason": "",
        "total_cents": 2002,
        "items": [{"product_id": str(product.id), "name": "Oban Lamp 1", "price_cents": 1001, "quantity": 2}],
    }


def test_without_a_key_nothing_is_placed(caller, product):
    response = caller.post("/orders/", items(product))
    assert (response.status_code, fields(response)) == (400, ["Idempotency-Key"])
    assert caller.post("/orders/", items(product), key="short").status_code == 400
    assert not Order.objects.exists()


def test_the_same_key_and_body_again_is_the_same_order_and_answer(caller, product):
    first, second = (caller.post("/orders/", items(product), key=KEY) for _ in range(2))
    assert (second.status_code, second.content, second["Location"]) == (201, first.content, first["Location"])
    services.orders_answer(reserved=[Order.objects.get().id])
    assert caller.post("/orders/", items(product), key=KEY).content == first.content
    assert Order.objects.count() == 1


def test_the_same_key_with_another_body_is_422(caller, product):
    caller.post("/orders/", items(product), key=KEY)
    response = caller.post("/orders/", items(product, 3), key=KEY)
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert Order.objects.count() == 1


def test_a_key_belongs_to_its_user(caller, product):
    mine = caller.post("/orders/", items(product), key=KEY)
    others = Caller(uuid7()).post("/orders/", items(product), key=KEY)
    assert (others.status_code, Order.objects.count()) == (201, 2)
    assert others.json()["id"] != mine.json()["id"]


def test_a_refused_order_leaves_its_key_free(caller, product):
    assert caller.post("/orders/", items(product, 0), key=KEY).status_code == 400
    assert caller.post("/orders/", items(product, 1), key=KEY).status_code == 201


def test_two_requests_with_two_keys_are_two_orders(caller, product):
    for key in ("checkout-0001", "checkout-0002"):
        caller.post("/orders/", items(product), key=key)
    assert Order.objects.count() == 2


# -- Bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [0, -1, 100, 10**12, 10**30, 1.0, 1.5, "2", "two", True, None, [], {}])
def test_a_quantity_is_1_to_99(caller, product, quantity):
    response = caller.post("/orders/", items(product, quantity), key=KEY)
    assert (response.status_code, fields(response)) == (400, ["items[0].quantity"])
    assert not Order.objects.exists()


@pytest.mark.parametrize("id", [5, True, None, "", "x", "0" * 31, [], {}])
def test_a_product_is_known_by_its_id(caller, db, id):
    response = caller.post("/orders/", {"items": [{"product_id": id, "quantity": 1}]}, key=KEY)
    assert response.status_code == 400
    assert "items[0].product_id" in fields(response)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "items"),
        ({"items": None}, "items"),
        ({"items": []}, "items"),
        ({"items": "x"}, "items"),
        ({"items": {"product_id": 1}}, "items"),
        ({"items": ["x"]}, "items[0]"),
        ({"items": [{}]}, "items[0].quantity"),
        ({"items": [{"quantity": 1}]}, "items[0].product_id"),
        ([], ""),
        ("x", ""),
        (None, ""),
    ],
)
def test_the_shape_of_an_order(caller, db, body, named):
    response = caller.post("/orders/", json.dumps(body), key=KEY)
    assert response.status_code == 400
    assert named in fields(response)


def test_an_order_has_50_items_at_most(caller, make_product):
    ids = [str(make_product(n).id) for n in range(51)]
    wanted = [{"product_id": id, "quantity": 1} for id in ids]
    assert caller.post("/orders/", {"items": wanted}, key=KEY).status_code == 400
    assert caller.post("/orders/", {"items": wanted[1:]}, key=KEY).status_code == 201


def test_nobody_says_what_it_costs(caller, product):
    wanted = items(product)
    wanted["items"][0]["price_cents"] = 1
    response = caller.post("/orders/", wanted, key=KEY)
    assert (response.status_code, fields(response)) == (400, ["items[0].price_cents"])
    response = caller.post("/orders/", items(product) | {"total_cents": 1}, key=KEY)
    assert (response.status_code, fields(response)) == (400, ["total_cents"])
    assert not Order.objects.exists()


def test_products_that_cannot_be_ordered_are_named(caller, product, make_product):
    removed, unknown = make_product(2, removed=True), uuid7()
    wanted = [{"product_id": str(id), "quantity": 1} for id in (product.id, removed.id, unknown)]
    response = caller.post("/orders/", {"items": wanted}, key=KEY)
    assert (response.status_code, fields(response)) == (422, ["items[1].product_id", "items[2].product_id"])
    assert str(unknown) in response.json()["errors"][1]["detail"]


def test_a_product_twice_is_refused(caller, product):
    response = caller.post("/orders/", {"items": items(product)["items"] * 2}, key=KEY)
    assert (response.status_code, fields(response)) == (422, ["items[0].product_id", "items[1].product_id"])


@pytest.mark.parametrize("body", ["{", "", '{"items": [{"product_id": NaN}]}', "\ud800", "[" * 100_000, "9" * 5000])
def test_what_is_no_json(caller, db, body):
    response = caller.post("/orders/", body.encode("utf-8", "surrogatepass"), key=KEY)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_other_types_of_body(caller, db):
    response = caller.generic("POST", "/orders/", "items=1", "text/plain", headers={"Idempotency-Key": KEY})
    assert response.status_code == 415


WORTHS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([str(uuid7()), 1, 99])
NAMES = st.sampled_from(["items", "product_id", "quantity"]) | st.text(max_size=3)
JSON = st.recursive(WORTHS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
ORDERS = st.fixed_dictionaries({"items": st.lists(st.fixed_dictionaries({"product_id": JSON, "quantity": JSON}))})


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(body=JSON | ORDERS)
def test_whatever_is_sent_is_refused_with_a_reason(db, product, user_id, body):
    response = Caller(user_id).post("/orders/", json.dumps(body), key=KEY)
    assert response.status_code in (400, 422)
    assert response.json()["detail"]


# -- Reading -----------------------------------------------------------------------------------------------------------


def test_one_order_is_fetched_again_only_when_something_has_become_of_it(caller, order):
    response = caller.get(f"/orders/{order.id}/")
    assert (response.status_code, response.json()["status"]) == (200, "pending")
    assert response["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": response["ETag"]}
    assert caller.get(f"/orders/{order.id}/", headers=known).status_code == 304
    services.orders_answer(rejected={order.id: "Only 1 is left."})
    response = caller.get(f"/orders/{order.id}/", headers=known)
    assert (response.status_code, response.json()["reason"]) == (200, "Only 1 is left.")


@pytest.mark.parametrize("path", ["/orders/{}/", "/orders/{}/cancel/"])
def test_another_users_order_is_none(order, path):
    other = Caller(uuid7())
    method = other.post if "cancel" in path else other.get
    for id in (order.id, uuid7(), "1", "x" * 36):
        response = method(path.format(id))
        assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    order.refresh_from_db()
    assert order.status == "pending"


def test_own_orders_newest_first_page_by_page(caller, place, django_assert_num_queries):
    placed = [str(place().id) for _ in range(30)]
    place(user_id=uuid7())
    with django_assert_num_queries(2):
        first = caller.get("/orders/").json()
    place()
    second = caller.get("/orders/", {"page": first["next"]}).json()
    assert [order["id"] for order in first["items"] + second["items"]] == sorted(placed, reverse=True)
    assert second["next"] is None


@pytest.mark.parametrize("page", ["x", "1", "WyIxIl0:abc", "\u2603"])
def test_a_page_that_was_not_given_out(caller, db, page):
    assert caller.get("/orders/", {"page": page}).status_code == 400


def test_methods_that_are_not_there(caller, order):
    assert caller.delete(f"/orders/{order.id}/").status_code == 405
    assert caller.get(f"/orders/{order.id}/cancel/").status_code == 405


# -- Cancelling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confirmed", [False, True])
def test_cancelling_twice_is_the_same_answer(caller, order, confirmed):
    if confirmed:
        services.orders_answer(reserved=[order.id])
    first, second = (caller.post(f"/orders/{order.id}/cancel/") for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (second.status_code, second.json()) == (200, first.json())


def test_what_is_over_cannot_be_cancelled(caller, order):
    services.orders_answer(rejected={order.id: "None left."})
    response = caller.post(f"/orders/{order.id}/cancel/")
    assert response.status_code == 409
    assert response.json()["detail"] == "The order is rejected: it cannot become cancelled."
    services.user_forget(user_id=order.user_id)
    assert caller.post(f"/orders/{order.id}/cancel/").status_code == 409


def test_cancelling_takes_nothing(caller, order):
    response = caller.post(f"/orders/{order.id}/cancel/", {"reason": "x"})
    assert (response.status_code, fields(response)) == (400, ["reason"])
    for nothing in ("", {}):
        assert caller.post(f"/orders/{order.id}/cancel/", nothing).status_code == 200


# -- Who asks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("get", "/orders/"), ("post", "/orders/"), ("get", "/orders/{}/")])
def test_nobody_is_told_anything(client, order, method, path):
    path = path.format(order.id)
    for given in (None, "", "x", token(order.user_id, audience="products"), token(order.user_id, seconds=-60)):
        response = getattr(client, method)(path, headers={"X-Identity": given} if given is not None else {})
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "X-Identity")


def test_a_service_without_a_user_has_no_orders(db):
    assert Caller(role="service").get("/orders/").status_code == 403


def test_an_identity_without_a_users_id(db):
    assert Caller("tove").get("/orders/").status_code == 401


def test_who_is_gone_orders_nothing(caller, product, user_id):
    services.user_forget(user_id=user_id)
    response = caller.post("/orders/", items(product), key=KEY)
    assert (response.status_code, response.json()["detail"]) == (403, "The account was deleted.")


def test_services_see_the_orders_of_a_user(order, place):
    place(user_id=uuid7())
    path = f"/internal/users/{order.user_id}/orders/"
    response = Caller(role="service").get(path)
    assert [found["id"] for found in response.json()["items"]] == [str(order.id)]
    for role in ("customer", "staff"):
        assert Caller(order.user_id, role).get(path).status_code == 403
