"""Calls to the gateway: what goes along, how long they may take, what each answer means."""

import time
import uuid

import pytest

from flotilla import context
from flotilla.context import Policy
from flotilla.db import position
from flotilla.db.wal import Position
from web import calls
from web import gateway as api
from web.tests.gateway_stub import PASSWORD

ORDERS = "/api/orders/"


@pytest.fixture
def access(gateway):
    gateway.account()
    return api.token_make(email="tove@example.com", password=PASSWORD).access


def place(access, quantity=2, key=None):
    return api.order_place(access=access, key=key or uuid.uuid4(), quantities={uuid.uuid4(): quantity})


def test_an_order_has_no_price_and_one_key(gateway, access):
    key, product = uuid.uuid4(), uuid.uuid4()
    orders = [api.order_place(access=access, key=key, quantities={product: 2}) for _ in range(2)]
    assert orders[0] == orders[1]
    first, second = gateway.of("POST", ORDERS)
    assert first.body == {"items": [{"product_id": str(product), "quantity": 2}]}
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == str(key)
    assert first.headers["Authorization"] == f"Bearer {access}"
    assert orders[0].items[0].total_cents == orders[0].total_cents == 2002


def test_a_key_that_has_ordered_other_things(gateway, access):
    key = uuid.uuid4()
    place(access, key=key)
    with pytest.raises(api.KeyUsed):
        place(access, 3, key)


def test_orders_come_page_by_page(gateway, access):
    ids = [place(access).id for _ in range(3)]
    page = api.order_page(access=access)
    assert [order.id for order in page.orders] == ids[:0:-1]
    rest = api.order_page(access=access, cursor=page.next)
    assert ([order.id for order in rest.orders], rest.next) == (ids[:1], None)
    with pytest.raises(calls.Invalid):
        api.order_page(access=access, cursor="none")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, calls.Invalid),
        (401, calls.LoginNeeded),
        (403, calls.Forbidden),
        (404, calls.NotFound),
        (409, calls.Conflict),
        (422, calls.Invalid),
        (429, calls.TooMany),
        *((status, calls.Away) for status in (405, 406, 413, 415, 418, 500, 502, 503, 504)),
    ],
)
def test_what_a_status_means(gateway, status, kind):
    gateway.script(
        "GET", "/api/users/me/", *[(status, {"detail": "Why."}, {"Retry-After": "7"} if status > 409 else {})] * 2
    )
    with pytest.raises(kind) as refusal:
        api.account_get(access="x")
    assert type(refusal.value) is kind
    assert "Why." in str(refusal.value)
    assert refusal.value.again == (7 if status > 409 else 5 if kind is calls.Away else None)


def test_one_that_is_being_worked_on_is_no_refusal(gateway, access):
    gateway.script("POST", ORDERS, (409, {"detail": "Still at work."}, {"Retry-After": "5"}))
    with pytest.raises(calls.Away):
        place(access)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"id": 1, "email": "a", "name": "b"}',
        b'{"id": "x", "email": "a", "name": "b"}',
    ],
)
def test_an_answer_that_cannot_be_read_is_none(gateway, said):
    gateway.script("GET", "/api/users/me/", (200, said, {}))
    with pytest.raises(calls.Away):
        api.account_get(access="x")


@pytest.mark.parametrize("said", [{}, {"items": None, "next": None}, {"items": [{"items": [1]}], "next": None}, []])
def test_nor_is_a_list_that_cannot_be_read(gateway, said):
    gateway.script("GET", ORDERS, (200, said, {}))
    with pytest.raises(calls.Away):
        api.order_page(access="x")


@pytest.mark.parametrize("problem", [b"", b"[]", b'{"errors": 1}', b'{"errors": [1, {"field": "a"}]}', b'"text"'])
def test_a_refusal_without_words_is_one(gateway, problem):
    gateway.script("GET", "/api/users/me/", (404, problem, {}))
    with pytest.raises(calls.NotFound):
        api.account_get(access="x")


def test_what_a_service_comes_to_say_more_is_left_out(gateway):
    account = {"id": str(uuid.uuid4()), "email": "a@example.com", "name": "Bo", "epoch": 3}
    gateway.script("GET", "/api/users/me/", (200, account, {}))
    assert api.account_get(access="x").name == "Bo"


@pytest.mark.parametrize("status", [502, "gone"])
def test_what_was_lost_on_the_way_is_sent_again_under_its_key(gateway, access, status):
    gateway.script("POST", ORDERS, status if status == "gone" else (status, {}, {}))
    place(access)
    first, second = gateway.of("POST", ORDERS)
    assert (first.body, first.headers["Idempotency-Key"]) == (second.body, second.headers["Idempotency-Key"])
    assert len(gateway.orders) == 1


def test_each_login_has_a_key_of_its_own(gateway, access):
    api.token_make(email="tove@example.com", password=PASSWORD)
    assert len({one.headers["Idempotency-Key"] for one in gateway.of("POST", "/api/auth/token/")}) == 2


# -- Deadlines ---------------------------------------------------------------------------------------------------------


def told_seconds(gateway) -> float:
    return float(gateway.asked[-1].headers["X-Deadline"]) - time.time()


@pytest.mark.parametrize(("policy", "least", "most"), [(Policy.HOLD, 38, 39), (Policy.FAIL_FAST, 8, 9)])
def test_a_form_may_wait_for_a_primary_and_a_page_may_not(gateway, access, policy, least, most):
    with context.use(context.RequestState(policy=policy)):
        api.account_get(access=access)
    assert least < told_seconds(gateway) < most


def test_no_call_outlives_its_request(gateway, access):
    now = time.monotonic()
    with context.use(context.RequestState(policy=Policy.HOLD, deadline=now + 2)):
        api.account_get(access=access)
    assert told_seconds(gateway) < 2
    gateway.asked.clear()
    for late in ({"deadline": now}, {"started": now - 10}):
        with context.use(context.RequestState(**late)), pytest.raises(calls.Away, match="no time is left"):
            api.account_get(access=access)
    assert not gateway.asked


def test_a_gateway_that_is_silent_is_asked_twice_and_given_up(gateway, access):
    gateway.script("GET", "/api/users/me/", *[lambda asked: time.sleep(1.5) or (200, {}, {})] * 2)
    began = time.monotonic()
    with context.use(context.RequestState(deadline=began + 1)), pytest.raises(calls.Away):
        api.account_get(access=access)
    assert 0.9 < time.monotonic() - began < 3
    assert len(gateway.of("GET", "/api/users/me/")) == 2


# -- What the client has written elsewhere -----------------------------------------------------------------------------


def test_the_position_of_an_order_is_the_visitors(gateway, access):
    gateway.script("GET", "/api/users/me/", (404, {}, {position.HEADER: position.encode(Position(1, 0x50))}))
    state = context.RequestState(position=Position(1, 0x40), address="192.0.2.7")
    with context.use(state):
        with pytest.raises(calls.NotFound):
            api.account_get(access=access)
        api.account_get(access=access)
    first, second = gateway.of("GET", "/api/users/me/")
    assert [position.decode(one.headers[position.HEADER]) for one in (first, second)] == [
        Position(1, 0x40),
        Position(1, 0x50),
    ]
    assert first.headers["X-Real-IP"] == "192.0.2.7"
