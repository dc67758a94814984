"""The edge: caching, compression, redirects, headers, limits, and who is believed."""

import json
import re
import ssl
import uuid
from http.client import RemoteDisconnected

import pytest
from loadtest.edge import Edge
from loadtest.shop import CART, HOME, LOGIN, PRODUCT
from stack.engine import NET_PREFIX, SITE_HOST, client, logs
from stack.servers import until

# -- Static files ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stylesheet(edge) -> str:
    return re.search(r'href="(/static/[^"]+\.css)"', edge.request("GET", HOME).text).group(1)


def test_static_files_are_hashed_and_kept_for_a_year(edge, stylesheet):
    assert re.search(r"\.[0-9a-f]{12}\.css$", stylesheet)
    answer = edge.request("GET", stylesheet)
    assert answer.status == 200
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("accepted", "encoding"), [("br", "br"), ("gzip", "gzip"), ("identity", "")])
def test_static_files_come_compressed(edge, stylesheet, accepted, encoding):
    answer = edge.request("GET", stylesheet, headers={"Accept-Encoding": accepted})
    assert answer["Content-Encoding"] == encoding
    assert "Accept-Encoding" in answer["Vary"]


def test_a_missing_static_file_is_404(edge):
    assert edge.request("GET", "/static/nothing.css").status == 404


def test_pages_come_compressed(edge):
    assert edge.request("GET", HOME, headers={"Accept-Encoding": "gzip"})["Content-Encoding"] == "gzip"


# -- Micro-cache -------------------------------------------------------------------------------------------------------


def test_an_anonymous_page_is_a_hit_the_second_time(edge, slugs):
    path = f"{PRODUCT.format(slugs[3])}?once={uuid.uuid4().hex}"
    assert edge.request("GET", path)["X-Cache"] == "MISS"
    again = edge.request("GET", path)
    assert again["X-Cache"] == "HIT"
    assert not again.headers.get_all("Set-Cookie")


def test_a_cacheable_page_holds_no_token(edge, slugs):
    assert "csrfmiddlewaretoken" not in edge.request("GET", PRODUCT.format(slugs[3])).text


def test_whoever_has_state_gets_pages_of_their_own(account, guest, slugs):
    path = PRODUCT.format(slugs[4])
    guest.get(path)
    answer = account.get(path)
    assert answer["X-Cache"] == "BYPASS"
    assert "public" not in answer["Cache-Control"]
    assert account.name not in guest.get(path).text


@pytest.mark.parametrize("header", ["Authorization", "X-Consistency-Token"])
def test_a_token_bypasses_the_cache(edge, slugs, header):
    assert edge.request("GET", PRODUCT.format(slugs[4]), headers={header: "x"})["X-Cache"] == "BYPASS"


# -- Redirects, hosts, TLS ---------------------------------------------------------------------------------------------


def plain(path="/", host=SITE_HOST):
    import http.client

    connection = http.client.HTTPConnection(f"{NET_PREFIX}.0.10", 8080, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    return connection.getresponse()


def test_plain_http_is_sent_on():
    answer = plain("/search/?q=a")
    assert answer.status == 301
    assert re.fullmatch(rf"https://{re.escape(SITE_HOST)}(:\d+)?/search/\?q=a", answer.headers["Location"])


def test_unknown_hosts_get_no_answer(edge):
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        plain(host="evil.example")
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        edge.request("GET", "/", headers={"Host": "evil.example"})


def test_a_handshake_for_an_unknown_name_is_refused(edge):
    other = Edge(edge.address, edge.port, "evil.example", edge.ca)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        other.request("GET", "/")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions_that_are_spoken(version):
    edge = Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")
    edge.context.minimum_version = edge.context.maximum_version = version
    assert edge.request("GET", "/health/").status == 200


def test_http2_is_offered(edge):
    import socket

    context = ssl.create_default_context(cafile=edge.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((edge.address, edge.port)) as raw,
        context.wrap_socket(raw, server_hostname=SITE_HOST) as s,
    ):
        assert s.selected_alpn_protocol() == "h2"


# -- Headers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [HOME, CART, LOGIN, "/nothing-here/"])
def test_security_headers(edge, path):
    answer = edge.request("GET", path)
    policy = answer["Content-Security-Policy"]
    assert "default-src" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"]
    assert not re.search(r"nginx/|gunicorn", answer["Server"])
    assert not answer["X-Powered-By"]


def test_cookies_are_closed_to_scripts_and_other_sites(guest, slugs):
    guest.form_token()
    answer = guest.cart_add(slugs[0])
    cookies = answer.headers.get_all("Set-Cookie", [])
    assert any(cookie.startswith("cart=") for cookie in cookies)
    for cookie in cookies:
        assert "samesite=" in cookie.lower()
        assert "secure" in cookie.lower()
        assert "httponly" in cookie.lower() or cookie.startswith("csrftoken")


# -- Who is believed ---------------------------------------------------------------------------------------------------


def test_the_edge_makes_the_request_id_and_only_remarks_the_clients(edge):
    mine = f"mine-{uuid.uuid4().hex}"
    answer = edge.request("GET", CART, headers={"X-Request-ID": mine})
    theirs = answer["X-Request-ID"]
    assert theirs
    assert theirs != mine
    line = until(
        lambda: [line for line in logs("nginx", "1m").splitlines() if theirs in line], 5, "the request in nginx's log"
    )
    assert json.loads(line[0])["client_request_id"] == mine


def test_one_id_is_in_every_log_on_the_way(edge):
    """Django logs what went wrong, so something has to."""
    request_id = edge.request("GET", "/nothing-here/")["X-Request-ID"]
    for service in ("nginx", "web"):
        until(lambda service=service: request_id in logs(service, "1m"), 5, f"the request id in the log of {service}")
    until(lambda: request_id in logs("haproxy-1", "1m") + logs("haproxy-2", "1m"), 5, "the request id in HAProxy's log")


def test_a_forged_origin_tricks_nobody(edge):
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "X-Served-By": "me",
    }
    answer = edge.request("GET", "/nothing-here/", headers=forged)
    assert answer["X-Served-By"] != "me"
    until(lambda: answer["X-Request-ID"] in logs("web", "1m"), 5, "the request in the log of web")
    for service in ("nginx", "haproxy-1", "haproxy-2", "web"):
        of_this = [line for line in logs(service, "1m").splitlines() if answer["X-Request-ID"] in line]
        assert not [line for line in of_this if "203.0.113.9" in line], service


def test_haproxy_believes_nobody_but_nginx():
    """Asked by somebody else, it replaces what they say about themselves."""
    import http.client

    connection = http.client.HTTPConnection(f"{NET_PREFIX}.0.21", 8000, timeout=10)
    forged = {"Host": SITE_HOST, "X-Request-ID": "forged-request-id", "X-Forwarded-For": "203.0.113.9"}
    connection.request("GET", "/nobody-was-here/", headers=forged)
    connection.getresponse().read()
    until(lambda: "/nobody-was-here/" in logs("web", "1m"), 5, "the request in the log of web")
    assert "forged-request-id" not in logs("web", "1m") + logs("haproxy-1", "1m")
    assert "203.0.113.9" not in logs("web", "1m")


# -- Limits ------------------------------------------------------------------------------------------------------------

GUESSING = f"""
import sys; sys.path.insert(0, ".")
from loadtest.edge import Edge
edge = Edge("{NET_PREFIX}.0.10", 8443, "{SITE_HOST}", "/certs/ca.crt")
answers = [edge.request("POST", "{LOGIN}", body=b"") for _ in range(15)]
print([answer.status for answer in answers], {{answer["Retry-After"] for answer in answers if answer.status == 429}})
"""


def test_guessing_passwords_is_limited():
    out = client(GUESSING)
    assert "429" in out, out
    assert re.search(r"\{'[1-9]\d*'\}", out), f"429 without Retry-After: {out}"


def test_the_load_generators_address_is_exempt(edge):
    answers = {edge.request("POST", LOGIN, body=b"").status for _ in range(15)}
    assert 429 not in answers


def test_what_is_for_the_inside_is_not_at_the_edge(edge):
    for path in (
        "/metrics",
        "/metrics/",
        "/livez",
        "/readyz",
        "/stub_status",
        "/nginx-health",
        "/;csv",
        "/_edge/error.html",
    ):
        assert edge.request("GET", path).status == 404, path
