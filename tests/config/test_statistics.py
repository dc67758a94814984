"""HAProxy's statistics page: a password for all of it, and operations only from the page itself."""

from tests.config.files import ROOT

LINES = [line.strip() for line in (ROOT / "haproxy/10-stats.cfg").read_text().splitlines()]


def test_every_request_needs_the_password_before_anything_is_served():
    auth = LINES.index("http-request auth realm flotilla unless { http_auth(operators) }")
    assert auth < min(n for n, line in enumerate(LINES) if "use-service" in line or line.startswith("stats "))


def test_another_sites_form_cannot_operate_with_a_remembered_password():
    assert [line for line in LINES if line.startswith("stats admin")] == ["stats admin if from_this_page"]
    assert 'http-request set-var-fmt(txn.own_origin) "http://%[req.hdr(host)]"' in LINES
    assert "acl from_this_page req.hdr(origin),strcmp(txn.own_origin) eq 0" in LINES


def test_scripts_operate_through_the_runtime_socket():
    text = (ROOT / "haproxy/00-global.cfg").read_text()
    assert "stats socket /run/haproxy.sock mode 600 level admin" in text
