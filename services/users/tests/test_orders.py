"""Asking the orders service: what is believed of its answers, and what happens without one."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests

from flotilla.api import identity
from flotilla.tests.api import making
from flotilla.uuid7 import uuid7
from users import orders

ORDER = {"id": "1", "status": "pending"}
USER = uuid7()


class Service:
    """Answers with this status and body, or raises it."""

    def __init__(self):
        self.status, self.body, self.asked = 200, {"items": [ORDER], "next": None}, []

    def get(self, url, params, headers):
        self.asked.append(SimpleNamespace(url=url, params=params, headers=headers))
        if isinstance(self.body, Exception):
            raise self.body
        answer = requests.Response()
        answer.status_code, answer._content = self.status, requests.compat.json.dumps(self.body).encode()
        return answer


@pytest.fixture
def service(settings, monkeypatch):
    settings.FLOTILLA = replace(settings.FLOTILLA, orders_urls=("http://10.0.0.1:8120",))
    made = Service()
    monkeypatch.setattr(orders, "_session", lambda: made)
    return made


def test_one_page(service):
    assert orders.orders_of(user_id=USER) == ([ORDER], None)
    service.body = {"items": [], "next": "cursor", "more": "than is known here"}
    assert orders.orders_of(user_id=USER, page="x") == ([], "cursor")
    assert [ask.params for ask in service.asked] == [None, {"page": "x"}]
    assert {ask.url for ask in service.asked} == {f"http://orders/internal/users/{USER}/orders/"}


def test_it_says_who_asks(service, settings):
    orders.orders_of(user_id=USER)
    token = service.asked[0].headers[identity.HEADER]
    header, claims = making.unverified(token)
    assert header["kid"].startswith("users-")
    assert (claims["iss"], claims["aud"], claims["role"], claims["sub"]) == ("users", "orders", "service", "")


BAD = [
    requests.ConnectionError("refused"), requests.Timeout("no answer"),
    None, [], "x", 5, {}, {"items": []}, {"next": None}, {"items": None, "next": None}, {"items": "x", "next": None},
    {"items": [5], "next": None}, {"items": [], "next": 5},
]  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=repr)
def test_what_is_no_answer(service, body):
    service.body = body
    with pytest.raises(orders.OrdersUnknown):
        orders.orders_of(user_id=USER)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 504])
def test_refusals_are_no_answers_either(service, status):
    service.status = status
    with pytest.raises(orders.OrdersUnknown):
        orders.orders_of(user_id=USER)


def test_while_it_is_away_it_is_not_asked(service):
    service.body = requests.ConnectionError("refused")
    for _ in range(5):
        with pytest.raises(orders.OrdersUnknown):
            orders.orders_of(user_id=USER)
    assert len(service.asked) == 1


def test_a_page_that_it_does_not_know(service):
    service.status, service.body = 400, {"detail": "page is no cursor"}
    for _ in range(2):
        with pytest.raises(orders.PageUnknown):
            orders.orders_of(user_id=USER, page="x")


def test_without_an_address_there_is_nobody_to_ask():
    with pytest.raises(orders.OrdersUnknown):
        orders.orders_of(user_id=USER)


def test_one_session_for_the_process(settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, orders_urls=("http://10.0.0.1:8120",))
    try:
        assert orders._session() is orders._session()
    finally:
        orders._session.cache_clear()
