"""Services that fail: what is sent again, what callers are told, when a service is left alone, and who is refused."""

import socket
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from gateway import upstreams
from gateway.breaker import LEAST, ServiceBreaker
from gateway.tests.conftest import Caller, Say, eventually, problem

ORDERS, PRODUCTS = "/api/orders/", "/api/products/"
KEY = {"Idempotency-Key": "0123456789"}
NO_REPLICA = Say(502, b'{"title": "The service cannot be asked now"}', served_by=None)
FULL = Say(503, b'{"title": "The service cannot be asked now"}', {"Retry-After": "7"}, served_by=None)
HELD = Say(503, b'{"detail": "The database is changing hands."}', {"Retry-After": "5"})
FAULT = Say(500, b'{"detail": "Something went wrong on our side."}')


def place(caller, body=b"{}"):
    return caller.generic("POST", ORDERS, body, headers=KEY)


def sample(name, **labels):
    return REGISTRY.get_sample_value(f"gateway_{name}", labels) or 0


def keys_of(service):
    return {seen.headers.get("Idempotency-Key") for seen in service.seen}


@pytest.fixture
def impatient(settings):
    """Who waits half a second for an answer that is read, and for one of a write."""
    settings.GATEWAY_SAFE_SECONDS, settings.GATEWAY_UNSAFE_SECONDS = 0.6, 0.5


@pytest.fixture
def left_alone(customer, service, monkeypatch):
    """The breaker of orders is open, and its clock stands still; left_alone(seconds) lets them pass."""
    now = 1000.0

    def later(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(upstreams, "ServiceBreaker", lambda pause: ServiceBreaker(pause, lambda: now))
    service.usual = NO_REPLICA
    while "does not answer just now" not in problem(customer.get(ORDERS)):
        pass
    service.seen.clear()
    return later


# -- Once more


@pytest.mark.parametrize("lost", [Say(gone="head"), Say(body=b"four", gone="body"), NO_REPLICA])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_lost_is_sent_again_under_the_same_key(customer, service, lost, method):
    before = sample("retries_total", service="orders")
    service.next = [lost, lost]
    response = customer.generic(method, ORDERS, b"body", headers=KEY)
    assert response.status_code == 200
    assert len(service.seen) == 3
    assert keys_of(service) == ({None} if method == "GET" else {"0123456789"})
    assert {seen.body for seen in service.seen} == ({b""} if method == "GET" else {b"body"})
    assert sample("retries_total", service="orders") == before + 2


@pytest.mark.parametrize("final", [HELD, FULL, FAULT, Say(404), Say(429)])
def test_an_answer_is_final(customer, service, final):
    service.next = [final]
    assert place(customer).status_code == final.status
    assert len(service.seen) == 1


def test_a_retry_waits_a_moment_of_its_own(customer, service, monkeypatch):
    monkeypatch.setattr(upstreams, "JITTER_SECONDS", 0.2)
    slept = []
    monkeypatch.setattr(upstreams, "time", SimpleNamespace(sleep=slept.append))
    for _ in range(4):
        service.next = [NO_REPLICA, NO_REPLICA]
        assert customer.get(ORDERS).status_code == 200
    assert len(set(slept)) == 8
    assert 0.02 < max(slept) <= 0.2


def test_no_more_is_sent_again_than_the_budget_has(service, settings, monkeypatch):
    settings.GATEWAY_RETRY_PERCENT = 50
    monkeypatch.setattr(upstreams, "RESERVE", 3)
    refused = sample("retries_refused_total", service="products")
    caller = Caller()
    # Two good calls for each that fails: the breaker stays out of it.
    for _ in range(10):
        service.next = [NO_REPLICA] * 3
        caller.get(PRODUCTS)
        service.next = []
        assert [caller.get(PRODUCTS).status_code for _ in range(2)] == [200, 200]
    retries = len(service.seen) - 30
    assert 3 < retries <= 3 + 0.5 * 30
    assert sample("retries_refused_total", service="products") > refused


# -- What callers are told


def test_a_service_without_a_replica_is_502(customer, service):
    service.usual = NO_REPLICA
    assert "orders service could not be reached. Please try again" in problem(customer.get(ORDERS))
    response = place(customer)
    assert response.status_code == 502
    assert "with the same Idempotency-Key" in problem(response)


def test_who_is_not_there_at_all_is_502(customer, settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}"
    settings.FLOTILLA = replace(settings.FLOTILLA, orders_urls=(nobody, nobody))
    assert place(customer).status_code == 502


def test_a_service_without_a_slot_is_503(customer, service):
    service.next = [FULL]
    response = place(customer)
    assert (response.status_code, response["Retry-After"]) == (503, "7")
    assert "too much to do" in problem(response)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("ask", "tries"), [(lambda caller: caller.get(ORDERS), 2), (place, 1)], ids=["read", "write"])
def test_silence_is_504(customer, service, ask, tries):
    service.usual = Say(after=5)
    began = time.monotonic()
    response = ask(customer)
    assert response.status_code == 504
    assert "did not answer in time" in problem(response)
    assert time.monotonic() - began < 4
    assert len(service.seen) == tries


def test_a_read_that_one_replica_does_not_answer_is_asked_again(customer, service, settings):
    settings.GATEWAY_SAFE_SECONDS = 2
    service.next = [Say(after=5)]
    assert customer.get(ORDERS).status_code == 200


def test_what_a_balancer_says_is_said_in_our_words(customer, service):
    service.next = [Say(504, b"timeout", served_by=None)] * 3
    assert "did not answer in time" in problem(customer.get(ORDERS))


# -- The breaker


@pytest.mark.parametrize(
    "failure", [NO_REPLICA, FAULT, Say(gone="head"), Say(501)], ids=["no replica", "fault", "lost", "own 5xx"]
)
def test_a_service_that_fails_is_left_alone(customer, service, failure):
    service.usual = failure
    for _ in range(LEAST):
        assert place(customer).status_code in (500, 501, 502)
    asked = len(service.seen)
    response = place(customer)
    assert response.status_code == 503
    assert response["Retry-After"] in ("1", "2")  # of a pause of 2 s
    assert "does not answer just now. Nothing was done" in problem(response)
    assert len(service.seen) == asked
    assert sample("breaker_open", service="orders") == 1


def test_who_is_not_there_is_left_alone(customer, settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}"
    settings.FLOTILLA = replace(settings.FLOTILLA, orders_urls=(nobody,))
    assert [place(customer).status_code for _ in range(LEAST + 1)] == [502] * LEAST + [503]


@pytest.mark.usefixtures("impatient")
def test_so_is_one_whose_reads_get_no_answer(customer, service):
    service.usual = Say(after=5)
    threads = [threading.Thread(target=Caller().get, args=(ORDERS,)) for _ in range(LEAST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "does not answer just now" in problem(customer.get(ORDERS))


@pytest.mark.parametrize(
    "answer", [HELD, FULL, Say(404), Say(409), Say(429)], ids=["held", "full", "404", "409", "429"]
)
def test_held_writes_and_refusals_are_no_failures(customer, service, answer):
    service.usual = answer
    for _ in range(3 * LEAST):
        assert place(customer).status_code == answer.status
    assert sample("breaker_open", service="orders") == 0


@pytest.mark.usefixtures("impatient")
def test_nor_are_writes_that_wait_too_long(customer, service):
    service.usual = Say(after=5)
    threads = [threading.Thread(target=place, args=(Caller(),)) for _ in range(2 * LEAST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.usual = Say()
    assert place(customer).status_code == 200


@pytest.mark.usefixtures("left_alone")
def test_the_answer_comes_at_once(customer, service):
    before, seconds = sample("refused_total", service="orders", why="breaker"), []
    for _ in range(31):
        began = time.perf_counter()
        response = place(customer, b"x" * 1000)
        seconds.append(time.perf_counter() - began)
        assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert service.seen == []
    assert sorted(seconds)[15] < 0.1, "the median of what the client of the tests adds to as well"
    assert sample("refused_total", service="orders", why="breaker") == before + 31


def test_one_is_let_through_after_the_pause_and_if_it_is_well_all_are(customer, service, left_alone):
    left_alone(1.9)
    assert customer.get(ORDERS).status_code == 503
    left_alone(0.2)
    assert customer.get(ORDERS).status_code == 502
    assert customer.get(ORDERS).status_code == 503
    service.usual = Say()
    left_alone(2.1)
    assert [customer.get(ORDERS).status_code for _ in range(3)] == [200] * 3
    assert sample("breaker_open", service="orders") == 0


@pytest.mark.usefixtures("left_alone")
def test_other_services_are_not_left_alone_with_it(customer, service):
    service.usual = Say()
    assert customer.get(PRODUCTS).status_code == 200
    assert customer.get(ORDERS).status_code == 503


# -- The limit


def held(count, ask):
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_no_more_calls_at_once_than_the_limit(customer, service, settings):
    settings.GATEWAY_SAFE_AT_ONCE, settings.GATEWAY_UNSAFE_AT_ONCE = 2, 1
    service.usual = Say(after=5)
    threads = held(2, lambda: Caller().get(ORDERS)) + held(1, lambda: place(Caller()))
    eventually(lambda: len(service.seen) == 3)
    assert sample("calls_active", service="orders", kind="safe") == 2
    before = sample("refused_total", service="orders", why="limit")
    for response in (customer.get(ORDERS), place(customer)):
        assert (response.status_code, response["Retry-After"]) == (503, "1")
        assert "too much to do just now. Nothing was done" in problem(response)
    assert sample("refused_total", service="orders", why="limit") == before + 2
    service.usual = Say()
    assert customer.get(PRODUCTS).status_code == 200, "each service has its own"
    service.resumed.set()
    for thread in threads:
        thread.join()
    assert [customer.get(ORDERS).status_code, place(customer).status_code] == [200, 200]
    assert sample("calls_active", service="orders", kind="safe") == 0


def test_a_place_is_given_back_whatever_happens(customer, service, settings):
    settings.GATEWAY_SAFE_AT_ONCE = 1
    large = Say(body=b"x" * 300_000)
    for say in (Say(gone="head"), large, Say(500), NO_REPLICA, FULL):
        service.next = [say]
        response = customer.get(ORDERS)
        if response.streaming:
            assert customer.get(ORDERS).status_code == 503, "held as long as the answer is on its way"
        response.close()
    assert customer.get(ORDERS).status_code == 200


def test_the_first_calls_at_once_have_one_limit_and_one_breaker(monkeypatch):
    class Slow(upstreams.Upstream):
        def __init__(self, *args):
            time.sleep(0.1)
            super().__init__(*args)

    monkeypatch.setattr(upstreams, "Upstream", Slow)
    found = []
    for thread in held(5, lambda: found.append(upstreams.of("orders"))):
        thread.join()
    assert [one is found[0] for one in found] == [True] * 5


# -- Numbers


def test_requests_are_counted_by_route_service_and_status(customer, client, service):
    def counts():
        return [
            sample("requests_total", route=route, service=name, status=status)
            for route, name, status in (
                ("order_page", "orders", "200"),
                ("order_page", "orders", "401"),
                ("none", "none", "404"),
            )
        ]

    before = counts()
    customer.get(ORDERS)
    client.get(ORDERS)
    client.get("/api/nothing/")
    assert [now - then for now, then in zip(counts(), before, strict=True)] == [1, 1, 1]


def test_new_connections_are_counted(customer, service):
    for _ in range(5):
        customer.get(ORDERS)
    assert sample("upstream_connections_total", service="orders") == 1
    assert sample("call_seconds_count", service="orders") >= 5
