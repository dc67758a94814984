"""What the edge refuses by rate and by protocol, asked from an address that nothing exempts."""

import json
import socket
import ssl

import pytest
from stack.engine import NET_PREFIX, SITE_HOST, client

ASKING = f"""
import json, sys; sys.path.insert(0, ".")
from loadtest.edge import Edge
edge = Edge("{NET_PREFIX}.0.10", 8443, "{SITE_HOST}", "/certs/ca.crt")
answers = [edge.request("GET", "/api/x") for _ in range(40)]
print(json.dumps([[a.status, a["Content-Type"], a["Retry-After"], a.text] for a in answers]))
"""


def test_the_api_is_limited_in_its_own_words():
    """A burst of 20 passes; what comes beyond it is told so, and when to come again."""
    answers = json.loads(client(ASKING))
    statuses = [status for status, *_ in answers]
    assert statuses[:20] == [404] * 20, "the burst passes, and there is nothing at this address"
    refused = [answer for answer in answers if answer[0] == 429]
    assert len(refused) >= 10, statuses
    for _, kind, again, text in refused:
        assert kind == "application/problem+json"
        assert int(again) >= 1
        problem = json.loads(text)
        assert problem["status"] == 429
        assert problem["request_id"]


def test_the_load_generators_address_is_exempt_from_it(edge):
    assert {edge.request("GET", "/api/x").status for _ in range(40)} == {404}


# Of the API's burst of 20 these take ten at most, and end with calls that no login limit counts.
GUESSING = f"""
import json, sys; sys.path.insert(0, ".")
from loadtest.edge import Edge
edge = Edge("{NET_PREFIX}.0.10", 8443, "{SITE_HOST}", "/certs/ca.crt")
ask = lambda path: edge.request("POST", path, body=b"{{}}", headers={{"Content-Type": "application/json"}})
guesses = [ask("{{path}}") for _ in range(8)]
others = [ask("/api/auth/refresh/") for _ in range(4)]
print(json.dumps([[[a.status, a["Content-Type"], a["Retry-After"]] for a in them] for them in (guesses, others)]))
"""


@pytest.mark.parametrize(("path", "host"), [("/api/auth/token/", 220), ("/api/users/", 221)])
def test_guessing_at_the_api_is_limited_as_at_the_form(path, host):
    """By the login limit: so few calls do not reach the API's own, as those after them show."""
    guesses, others = json.loads(client(GUESSING.replace("{path}", path), host))
    statuses = [status for status, *_ in guesses]
    assert set(statuses) == {400, 429}, statuses
    assert {status for status, *_ in others} == {400}, others
    for status, kind, again in guesses:
        assert kind.startswith("application/problem+json")
        assert status != 429 or int(again) > 1, "when the next attempt is allowed"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # that they are old is the point
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_an_old_tls_version_is_refused_by_the_server(version):
    """By an alert of the server's: our own library would rather not speak it either, so it is told to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection((f"{NET_PREFIX}.0.10", 8443), timeout=10) as raw,
        pytest.raises(ssl.SSLError) as refused,
    ):
        context.wrap_socket(raw, server_hostname=SITE_HOST)
    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
