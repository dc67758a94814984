"""What goes through: methods, addresses, headers, bodies and answers, and what does not."""

import io
import json
import time
from dataclasses import replace

import pytest
from urllib3.exceptions import ProtocolError

from flotilla import context
from gateway.bodies import SMALL, Upload
from gateway.headers import INWARDS, OUTWARDS
from gateway.routes import find
from gateway.services import request_forward
from gateway.tests.conftest import PRODUCT, Say, problem

ORDERS = "/api/orders/"
KEY = {"Idempotency-Key": "0123456789"}
LARGE = bytes(range(256)) * 1024  # 256 kB


def post(caller, body=b'{"a": 1}', path=ORDERS, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.generic("POST", path, body, headers=KEY | sent)


# -- Requests


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"orders/{PRODUCT}/"),
        ("POST", f"orders/{PRODUCT}/cancel/"),
        ("PATCH", f"products/{PRODUCT}/"),
        ("DELETE", f"products/{PRODUCT}/"),
    ],
)
def test_method_path_query_and_body_arrive(staff, service, method, path):
    response = staff.generic(method, f"/api/{path}", b'{"a": "\xc3\xbc"}', QUERY_STRING="q=a%20b&page=x%2By&q=")
    assert response.status_code == 200
    (seen,) = service.seen
    assert (seen.method, seen.path) == (method, f"/{path}?q=a%20b&page=x%2By&q=")
    assert seen.body == (b"" if method == "GET" else b'{"a": "\xc3\xbc"}')
    assert seen.headers["Host"] == path.split("/")[0]


def test_the_right_headers_go_in_and_no_others(customer, service):
    passing = {name: f"value of {name}" for name in INWARDS}
    forged = {
        "X-Identity": "me", "X-Deadline": "1", "Forwarded": "for=1", "X-Forwarded-For": "1",
        "X-Forwarded-Host": "evil", "X-Served-By": "me", "Cookie": "sessionid=1", "X-Accel-Redirect": "/",
        "X-Anything": "1", "Accept-Encoding": "br", "Host": "testserver", "TE": "trailers", "Upgrade": "h2c",
        "Proxy": "evil", "X-HTTP-Method-Override": "DELETE",
    }  # fmt: skip
    response = customer.generic(
        "POST", ORDERS, b"{}", content_type=passing["Content-Type"], headers=passing | forged | KEY
    )
    assert response.status_code == 200
    sent = service.seen[0].headers
    assert {name: sent[name] for name in INWARDS} == passing
    own = {"Host", "Content-Length", "X-Request-ID", "X-Deadline", "X-Identity", "Idempotency-Key", "Accept-Encoding"}
    assert sent.keys() - passing.keys() == own
    assert not {sent[name] for name in own} & {forged[name] for name in own & forged.keys()} - {"testserver"}
    assert (sent["Accept-Encoding"], sent["Host"]) == ("identity", "orders")


def test_a_header_that_begins_with_an_odd_blank_is_taken_as_it_can_be(customer, service):
    headers = {"User-Agent": "\xa0\x1f agent", "Accept-Language": "\x85", "Idempotency-Key": "\xa00123456789"}
    assert customer.generic("POST", ORDERS, b"{}", headers=headers).status_code == 200
    sent = service.seen[0].headers
    assert (sent["User-Agent"], sent["Idempotency-Key"]) == ("agent", "0123456789")
    assert "Accept-Language" not in sent


def test_the_edges_id_travels_and_is_the_key_of_what_has_none(staff, service):
    staff.post("/api/products/", b"{}", content_type="application/json", headers={"X-Request-ID": "edge-request-1"})
    staff.get("/api/products/", headers={"X-Request-ID": "edge-request-2"})
    post(staff, X_Request_ID="edge-request-3")
    made, read, placed = (seen.headers for seen in service.seen)
    assert (made["X-Request-ID"], made["Idempotency-Key"]) == ("edge-request-1", "edge-request-1")
    assert (read["X-Request-ID"], read.get("Idempotency-Key")) == ("edge-request-2", None)
    assert (placed["X-Request-ID"], placed["Idempotency-Key"]) == ("edge-request-3", "0123456789")


def test_an_order_without_a_key_is_400(customer, service):
    response = customer.post(ORDERS, b"{}", content_type="application/json")
    assert response.status_code == 400
    assert "Idempotency-Key is required" in problem(response)
    assert service.seen == []


@pytest.mark.parametrize(("method", "most"), [("GET", 4.5), ("POST", 35)])
def test_a_service_is_told_until_when_anybody_waits(customer, service, method, most):
    customer.generic(method, ORDERS, b"{}", headers=KEY)
    left = float(service.seen[0].headers["X-Deadline"]) - time.time()
    assert most - 2 < left <= most


def test_a_callers_deadline_is_kept_when_it_is_sooner(customer, service, settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, trusted_proxies=("127.0.0.1",))
    customer.generic("POST", ORDERS, b"{}", headers=KEY | {"X-Deadline": f"{time.time() + 3:.3f}"})
    assert 1 < float(service.seen[0].headers["X-Deadline"]) - time.time() <= 3
    late = customer.generic("POST", ORDERS, b"{}", headers=KEY | {"X-Deadline": f"{time.time() - 1:.3f}"})
    assert late.status_code == 504
    assert len(service.seen) == 1


# -- Bodies of requests


@pytest.mark.parametrize("size", [1, SMALL, SMALL + 1, 1024 * 1024])
def test_a_body_arrives_whole(customer, service, size):
    body = (LARGE * 5)[:size]
    assert post(customer, body).status_code == 200
    assert service.seen[0].body == body
    assert service.seen[0].headers["Content-Length"] == str(size)
    assert "Transfer-Encoding" not in service.seen[0].headers


def test_an_empty_body_has_a_length_too(customer, service):
    assert post(customer, b"", f"/api/orders/{PRODUCT}/cancel/").status_code == 200
    assert service.seen[0].headers["Content-Length"] == "0"


def test_a_larger_one_is_413_before_it_is_read(customer, service, settings):
    settings.GATEWAY_BODY_BYTES = 1000
    assert post(customer, b"x" * 1000).status_code == 200
    response = post(customer, b"x" * 1001)
    assert response.status_code == 413
    assert "1000 bytes" in problem(response)
    assert len(service.seen) == 1


def test_a_body_of_no_length_is_411(customer, service):
    response = customer.generic("POST", ORDERS, b"", headers=KEY | {"Transfer-Encoding": "chunked"})
    assert response.status_code == 411
    assert "Content-Length" in problem(response)
    assert service.seen == []


@pytest.mark.parametrize("length", [100, SMALL + 100])
def test_a_body_that_ends_too_soon_is_400_and_no_fault_of_the_service(customer, service, length):
    cut = {"wsgi.input": io.BytesIO(b"x" * (length - 10)), "CONTENT_LENGTH": str(length)}
    for _ in range(8):
        response = customer.generic("POST", ORDERS, b"", headers=KEY, **cut)
        assert response.status_code == 400
        assert "ended before its time" in problem(response)
    assert post(customer).status_code == 200


class Lost(io.BytesIO):
    def read(self, size=-1):
        raise OSError("the connection was reset")


@pytest.mark.parametrize("length", [100, SMALL + 100])
def test_so_is_one_whose_sender_is_gone(customer, length):
    lost = {"wsgi.input": Lost(), "CONTENT_LENGTH": str(length)}
    assert customer.generic("POST", ORDERS, b"", headers=KEY, **lost).status_code == 400


def test_an_upload_can_be_iterated_as_well(rf):
    request = rf.generic("POST", ORDERS, LARGE)
    assert b"".join(Upload(request, len(LARGE))) == LARGE


def test_a_large_body_is_sent_once(customer, service):
    """It is not kept: what has been handed on is gone."""
    service.next = [Say(gone="head")]
    assert post(customer, LARGE).status_code == 502
    assert len(service.seen) == 1


# -- Answers


@pytest.mark.parametrize("status", [200, 201, 202, 301, 400, 401, 403, 404, 409, 412, 415, 422, 429, 500, 503])
def test_an_answer_comes_back_as_it_is(customer, service, status):
    kind = "application/problem+json" if status >= 400 else "application/json"
    service.next = [Say(status, b'{"b": 2}', {"Content-Type": kind})]
    response = post(customer)
    assert (response.status_code, response.content) == (status, b'{"b": 2}')
    assert (response["Content-Type"], response["Content-Length"]) == (kind, "8")
    assert len(service.seen) == 1


def test_the_right_headers_come_out_and_no_others(customer, service):
    passing = {name: f"value of {name}" for name in OUTWARDS}
    kept = {
        "Set-Cookie": "consistency=1", "Server": "s", "X-Accel-Redirect": "/_edge/503", "X-Request-ID": "other",
        "X-Internal": "1", "Server-Timing": "db", "Connection": "keep-alive", "Strict-Transport-Security": "max-age=1",
    }  # fmt: skip
    service.next = [Say(200, b"{}", passing | kept)]
    response = customer.get(ORDERS, headers={"X-Request-ID": "edge-request-1"})
    assert {name: response[name] for name in OUTWARDS} == passing
    assert not response.cookies
    assert response["X-Request-ID"] == "edge-request-1"
    assert response["X-Served-By"] == "gateway-1"
    assert 'service;desc="orders-1"' in response["Server-Timing"]
    assert not {"Server", "X-Accel-Redirect", "X-Internal", "Strict-Transport-Security"} & {*response.headers}


def test_the_position_of_a_write_travels_both_ways(customer, service):
    service.next = [Say(201, b"{}", {"X-Consistency-Token": "0a:signed"})]
    token = post(customer)["X-Consistency-Token"]
    customer.get(ORDERS, headers={"X-Consistency-Token": token})
    assert service.seen[1].headers["X-Consistency-Token"] == "0a:signed"


def test_a_challenge_asks_for_what_the_gateway_takes(customer, service):
    service.next = [Say(401, b"{}", {"WWW-Authenticate": "X-Identity"})]
    assert customer.get(ORDERS)["WWW-Authenticate"] == "Bearer"


def test_answers_without_content(customer, service):
    service.next = [Say(204), Say(304, headers={"ETag": '"1"'}), Say(200, LARGE, {"Content-Type": "image/png"})]
    gone = customer.delete("/api/users/me/")
    assert (gone.status_code, gone.content, gone.get("Content-Type")) == (204, b"", None)
    same = customer.get(ORDERS, headers={"If-None-Match": '"1"'})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", '"1"')
    head = customer.head(ORDERS)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(len(LARGE)))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_answer_is_handed_on_as_it_comes(customer, service, chunked):
    service.next = [Say(200, LARGE, {"Content-Type": "text/csv"}, chunked=chunked)]
    response = customer.get(ORDERS)
    assert response.streaming
    assert response.get("Content-Length") == (None if chunked else str(len(LARGE)))
    parts = list(response.streaming_content)
    assert len(parts) > 1 or chunked
    assert b"".join(parts) == LARGE
    response.close()


def test_an_answer_that_breaks_off_is_asked_for_again_or_breaks_off_here_too(customer, service):
    service.next = [Say(200, b"short", gone="body")]
    assert customer.get(ORDERS).content == b"{}"
    service.next = [Say(200, LARGE, gone="body")]
    response = customer.get(ORDERS)
    with pytest.raises(ProtocolError, match=r"IncompleteRead|Connection broken"):
        b"".join(response.streaming_content)
    response.close()


def test_connections_are_kept(customer, service):
    for _ in range(30):
        customer.get(ORDERS)
        post(customer)
    assert service.connections == 1


# -- Around it


def test_addresses_that_no_service_should_see(customer, service):
    statuses = [customer.get(ORDERS, QUERY_STRING=query).status_code for query in ("q=%ff", "q=%00", "q=" + "x" * 8000)]
    assert statuses == [400, 400, 414]
    assert service.seen == []


def test_another_host_is_400(customer, settings):
    settings.ALLOWED_HOSTS = ["gateway"]
    assert problem(customer.get(ORDERS, headers={"Host": "evil"}))


def test_a_fault_of_the_gateway_is_500_and_logged_once(customer, monkeypatch, caplog):
    customer.raise_request_exception = False
    monkeypatch.setattr("gateway.apis.request_forward", lambda **_: 1 / 0)
    response = customer.get(ORDERS)
    assert response.status_code == 500
    assert "on our side" in problem(response)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_service_that_has_no_address_is_503(customer, settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, orders_urls=())
    assert "not part of this installation" in problem(customer.get(ORDERS))


def test_health_without_a_database(client):
    assert json.loads(client.get("/health/").content) == {
        "status": "healthy", "database": "none", "replicas": "none", "cache": "ok", "service": "gateway",
    }  # fmt: skip
    assert client.get("/readyz").status_code == 200


def test_it_works_outside_of_the_chain_too(rf):
    assert context.current() is None
    answer = request_forward(request=rf.post("/api/users/"), route=find("POST", "users/"), path="users/")
    assert answer.status == 200


@pytest.mark.parametrize(("length", "left"), [(500_000, 0), (3_000_000, 1_900_000)])
def test_what_is_refused_is_read_all_the_same_up_to_a_limit(client, length, left):
    """A server that finds a body unread cuts the connection, and a balancer would never see the answer."""
    body = io.BytesIO(b"x" * length)
    extra = {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
    assert client.generic("POST", ORDERS, b"", **extra).status_code == 401
    assert length - body.tell() == pytest.approx(left, abs=100_000)
