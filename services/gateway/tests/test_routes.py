"""What leads where, and what nowhere."""

import pytest

from gateway import routes
from gateway.refusals import Refused
from gateway.routes import ROUTES, Key, Wait, Who
from gateway.tests.conftest import PRODUCT, Caller, problem

A = PRODUCT
LEADS = {
    ("POST", "users/"): ("users", "user_register"),
    ("GET", "users/me/"): ("users", "user_me"),
    ("DELETE", "users/me/"): ("users", "user_delete"),
    ("GET", f"users/{A}/orders/"): ("users", "user_orders"),
    ("POST", "auth/token/"): ("users", "token_get"),
    ("POST", "auth/refresh/"): ("users", "token_refresh"),
    ("GET", "products/"): ("products", "product_page"),
    ("HEAD", "products/"): ("products", "product_page"),
    ("POST", "products/"): ("products", "product_create"),
    ("GET", f"products/{A}/"): ("products", "product_get"),
    ("PATCH", f"products/{A}/"): ("products", "product_change"),
    ("DELETE", f"products/{A}/"): ("products", "product_remove"),
    ("GET", "orders/"): ("orders", "order_page"),
    ("POST", "orders/"): ("orders", "order_place"),
    ("GET", f"orders/{A}/"): ("orders", "order_get"),
    ("POST", f"orders/{A}/cancel/"): ("orders", "order_cancel"),
}
NOWHERE = [
    "", "x/", "users", "internal/", f"internal/users/{A}/orders/", f"orders/../internal/users/{A}/orders/",
    f"orders/internal/users/{A}/orders/", "health/", "orders/schema/", "metrics", "livez", "auth/", "orders/1/",
    f"orders/{A.upper()}/",
    f"orders/{A}/\n", f"orders/{A}//", f"//orders/{A}/", f"orders/{A[:-1]}/", "users/me/orders/",
]  # fmt: skip


@pytest.mark.parametrize(("asked", "leads"), LEADS.items(), ids=map(" ".join, LEADS))
def test_each_address_leads_to_its_service(asked, leads):
    route = routes.find(*asked)
    assert (route.service, route.name) == leads


def test_there_are_no_others():
    assert {route.name for route in ROUTES} == {name for _, name in LEADS.values()}


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_in_the_table_is_not_there(path):
    with pytest.raises(Refused, match="nothing at this address") as refused:
        routes.find("GET", path)
    assert refused.value.status == 404


@pytest.mark.parametrize("path", ["internal/users/", "orders/%2e%2e/internal/", "orders/..%2finternal/", "products"])
def test_404_says_so_and_asks_nobody(service, path):
    assert "There is nothing at this address" in problem(Caller(role="staff").get(f"/api/{path}"))
    assert service.seen == []


def test_a_missing_slash_is_named(client):
    assert "ends with a slash" in problem(client.get("/api/products"))
    assert "ends with a slash" not in problem(client.get("/api/product"))


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("PUT", f"products/{A}/", "GET, HEAD, PATCH, DELETE"),
        ("DELETE", "orders/", "GET, HEAD, POST"),
        ("GET", "auth/token/", "POST"),
        ("OPTIONS", "orders/", "GET, HEAD, POST"),
    ],
)
def test_405_says_what_there_is(client, service, method, path, known):
    response = client.generic(method, f"/api/{path}")
    assert (response.status_code, response["Allow"]) == (405, known)
    assert known in problem(response)
    assert service.seen == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_row_is_whole(route):
    assert route.path.endswith("/")
    assert "internal" not in route.path
    assert (route.wait is Wait.READ) == (route.method == "GET")
    assert route.who is not Who.ANYBODY or route.method == "GET", "nobody in particular changes nothing"


def test_an_order_needs_a_key_of_its_own():
    assert [route.name for route in ROUTES if route.key is Key.REQUIRED] == ["order_place"]
