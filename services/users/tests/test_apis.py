"""What somebody who has an account sees and does."""

import json

import pytest

from flotilla.keys.models import RequestKey
from flotilla.sharding import buckets, shards
from flotilla.tests.api import making
from flotilla.uuid7 import uuid7
from users import orders, services
from users.tests.conftest import PASSWORD, PRIVATE, TOVE, Caller, everybody, fields, found, told

pytestmark = pytest.mark.django_db(databases="__all__")


# -- Oneself -----------------------------------------------------------------------------------------------------------


def test_one_sees_oneself(user):
    response = Caller(user.id).get("/users/me/")
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-cache")
    assert response.json() == {
        "id": str(user.id),
        "email": "tove@example.com",
        "name": "Tove",
        "role": "customer",
        "created_at": response.json()["created_at"],
    }


def test_an_account_is_deleted_once_and_its_address_is_free(visitor, user):
    me = Caller(user.id)
    first, again = (me.delete("/users/me/", key="delete-me-1") for _ in range(2))
    assert (first.status_code, again.status_code, told(user.id)) == (204, 204, ["registered", "deleted"])
    assert (found(user.id), everybody()) == (None, [])
    assert me.delete("/users/me/", key="delete-me-2").status_code == 404
    assert me.get("/users/me/").status_code == 404
    answer = visitor.post("/users/", TOVE).json()
    assert answer["id"] != str(user.id)


def test_deleting_takes_nothing_and_says_so(user):
    response = Caller(user.id).delete("/users/me/", '{"reason": "x"}')
    assert (response.status_code, fields(response)) == (400, ["reason"])
    other = Caller(user.id).delete("/users/me/", json.dumps({"email": "bo@example.com"}))
    assert (other.status_code, found(user.id)) == (400, user)


def test_the_key_of_a_deletion_lies_beside_the_account():
    for n in range(12):
        user = services.user_register(email=f"tove.{n}@example.com", name="Tove", password=PASSWORD)
        assert Caller(user.id).delete("/users/me/", key=f"delete-{n}").status_code == 204
        assert RequestKey.objects.using(shards.primary(buckets.of_id(user.id))).filter(status=204).exists()


@pytest.mark.parametrize(
    ("method", "path"), [("get", "/users/me/"), ("delete", "/users/me/"), ("get", "/users/{}/orders/")]
)
def test_nobody_is_told_anything(client, user, method, path):
    bad = (
        None, "", "x", making.token("customer", str(user.id), audience="orders"),
        making.token("customer", str(user.id), audience="users", seconds=-60),
        making.token("customer", str(user.id), audience="users", key=PRIVATE),
    )  # fmt: skip
    for given in bad:
        headers = {"X-Identity": given} if given is not None else {}
        response = getattr(client, method)(path.format(user.id), headers=headers)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "X-Identity")
    assert found(user.id)


def test_a_service_is_nobody_here():
    assert Caller(role="service").get("/users/me/").status_code == 403


def test_an_identity_without_a_users_id():
    assert Caller("tove").get("/users/me/").status_code == 401
    assert Caller("tove").delete("/users/me/").status_code == 401


def test_methods_that_are_not_there(visitor, user):
    assert Caller(user.id).get("/users/").status_code == 405
    assert Caller(user.id).post("/users/me/").status_code == 405
    assert visitor.get("/auth/token/").status_code == 405
    assert visitor.get("/nowhere/").status_code == 404


# -- With their orders -------------------------------------------------------------------------------------------------


ORDER = {"id": str(uuid7()), "status": "confirmed", "items": []}


@pytest.fixture
def told_orders(monkeypatch):
    """The orders service, which answers this, or raises it; `asked` is who was asked for, and which page."""

    def answer(user_id, page=""):
        answer.asked.append((user_id, page))
        if isinstance(answer.says, Exception):
            raise answer.says
        return answer.says

    answer.asked, answer.says = [], orders.Orders([ORDER], "cursor")
    monkeypatch.setattr(orders, "orders_of", answer)
    return answer


def test_a_user_with_their_orders(user, told_orders):
    me = Caller(user.id)
    response = me.get(f"/users/{user.id}/orders/", {"page": "that"})
    assert response.status_code == 200
    assert response.json() == {"user": me.get("/users/me/").json(), "orders": [ORDER], "next": "cursor"}
    assert told_orders.asked == [(user.id, "that")]
    assert me.get(f"/users/{user.id}/orders/?page=").status_code == 200


def test_orders_that_cannot_be_told_are_left_out_with_a_warning(user, told_orders):
    told_orders.says = orders.OrdersUnknown()
    answer = Caller(user.id).get(f"/users/{user.id}/orders/").json()
    assert (answer["orders"], answer["next"], answer["user"]["id"]) == (None, None, str(user.id))
    assert "cannot be told" in answer["warning"]


def test_a_page_that_was_not_given_out(user, told_orders):
    told_orders.says = orders.PageUnknown()
    for page in ("x", "\u2603"):
        response = Caller(user.id).get(f"/users/{user.id}/orders/", {"page": page})
        assert (response.status_code, fields(response)) == (400, ["page"])
    assert Caller(user.id).get(f"/users/{user.id}/orders/", {"page": "x" * 401}).status_code == 400


def test_others_are_none_of_ones_business(user, told_orders):
    other = services.user_register(email="bo@example.com", name="Bo", password=PASSWORD)
    for id in (other.id, uuid7(), "1", "x" * 36):
        response = Caller(user.id).get(f"/users/{id}/orders/")
        assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert told_orders.asked == []


def test_staff_see_everybody_and_who_is_nobody_is_not_there(user, told_orders):
    staff = Caller(uuid7(), "staff")
    assert staff.get(f"/users/{user.id}/orders/").json()["orders"] == [ORDER]
    assert staff.get(f"/users/{uuid7()}/orders/").status_code == 404
