"""Who may call, by what they carry; and what a service is told of them."""

import base64
import json
import time
from dataclasses import replace

import jwt
import pytest

from flotilla.api import tokens
from gateway import callers
from gateway.tests.conftest import (
    OWN,
    PEOPLE,
    PEOPLE_PUBLIC,
    PRODUCT,
    USER,
    Caller,
    access,
    bearer,
    believed,
    new_key,
    problem,
)


def whoever(client, token, path="/api/orders/"):
    return client.get(path, headers={"Authorization": token})


def encoded(text):
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def altered(token):
    """Staff, under the signature of a customer."""
    header, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "==")) | {"role": "staff"}
    return f"{header}.{encoded(json.dumps(claims).encode())}.{signature}"


def claims(**changes):
    now = int(time.time())
    made = {"iss": "users", "aud": "api", "sub": USER, "role": "customer", "iat": now, "exp": now + 60, "jti": "j"}
    return made | changes


def signed(key, algorithm="EdDSA", **changes):
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": "people"})


BROKEN = {
    "expired": lambda: access(seconds=-10),
    "another algorithm": lambda: signed(PEOPLE_PUBLIC["x"], "HS256"),
    "no algorithm": lambda: signed(None, "none"),
    "another key": lambda: access(key=new_key("people")[0]),
    "a key that is not known": lambda: access(kid="other"),
    "the gateway's own key": lambda: access(key=OWN),
    "another audience": lambda: access(audience="orders"),
    "a refresh token": lambda: access(audience="refresh", epoch=1),
    "another issuer": lambda: signed(PEOPLE, iss="gateway"),
    "truncated": lambda: access()[:-5],
    "altered": lambda: altered(access()),
    "empty": lambda: "",
    "a word": lambda: "nonsense",
    "not ascii": lambda: "é.é.é",
    "two": lambda: f"{access()} {access()}",
}


@pytest.mark.parametrize("made", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("path", ["/api/orders/", "/api/products/"])
def test_what_is_not_to_be_believed_is_401_even_where_anybody_may_call(client, service, made, path):
    response = whoever(client, f"Bearer {made()}", path)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "not to be believed" in problem(response)
    assert service.seen == []


def test_a_token_that_was_good_ends_all_the_same(client, service, monkeypatch):
    """What is known of it is used again, but no longer than it lasts."""
    token, verify, asked = access(seconds=60), tokens.verify, []
    header, ends = f"Bearer {token}", jwt.decode(token, options={"verify_signature": False})["exp"]
    monkeypatch.setattr(tokens, "verify", lambda token, **options: asked.append(token) or verify(token, **options))
    assert [whoever(client, header).status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1
    for seconds, status in ((4, 200), (5, 401)):  # five for the clocks of two machines
        monkeypatch.setattr(tokens.time, "time", lambda seconds=seconds: ends + seconds)
        assert whoever(client, header).status_code == status
    assert len(service.seen) == 4


def test_a_key_that_is_taken_away_ends_its_tokens(client, service, settings):
    header = f"Bearer {access()}"
    assert whoever(client, header).status_code == 200
    settings.FLOTILLA = replace(settings.FLOTILLA, token_keys=json.dumps({"keys": [new_key("other")[1]]}))
    assert whoever(client, header).status_code == 401


@pytest.mark.parametrize("header", ["Basic dTpw", "Bearer", "Token x", access(), f"Bearer{access()}"])
def test_another_scheme_is_no_token(client, header):
    assert whoever(client, header)["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_the_scheme_has_no_case(client, service, scheme):
    assert whoever(client, scheme + access()).status_code == 200
    assert believed(service.seen[0]).id == USER


@pytest.mark.parametrize(
    ("method", "path", "nobody", "customer", "staff"),
    [
        ("GET", "products/", 200, 200, 200),
        ("GET", f"products/{PRODUCT}/", 200, 200, 200),
        ("POST", "products/", 401, 403, 200),
        ("PATCH", f"products/{PRODUCT}/", 401, 403, 200),
        ("DELETE", f"products/{PRODUCT}/", 401, 403, 200),
        ("GET", "orders/", 401, 200, 200),
        ("POST", "orders/", 401, 200, 200),
        ("POST", f"orders/{PRODUCT}/cancel/", 401, 200, 200),
        ("GET", "users/me/", 401, 200, 200),
        ("DELETE", "users/me/", 401, 200, 200),
        ("GET", f"users/{USER}/orders/", 401, 200, 200),
        ("POST", "users/", 200, 200, 200),
        ("POST", "auth/token/", 200, 200, 200),
    ],
)
def test_who_may_call(client, method, path, nobody, customer, staff):
    def status(caller):
        return caller.generic(method, f"/api/{path}", headers={"Idempotency-Key": "0123456789"}).status_code

    assert [status(client), status(Caller()), status(Caller(role="staff"))] == [nobody, customer, staff]


def test_401_and_403_say_why(client, customer, service):
    missing = client.get("/api/orders/")
    assert missing["WWW-Authenticate"] == "Bearer"
    assert "needs an access token" in problem(missing)
    assert "Only staff" in problem(customer.post("/api/products/", {}))
    assert service.seen == []


@pytest.mark.parametrize("path", ["/api/auth/refresh/", "/api/auth/token/", "/api/users/"])
def test_who_fetches_a_token_may_have_one_that_has_expired(client, service, path):
    response = client.post(path, {}, headers={"Authorization": f"Bearer {access(seconds=-10)}"})
    assert response.status_code == 200
    assert not {"X-Identity", "Authorization"} & service.seen[0].headers.keys()


# -- What a service is told


def test_a_service_is_told_who_asks_and_nothing_of_the_token(customer, service):
    customer.get("/api/orders/")
    customer.get("/api/products/")
    order, product = service.seen
    assert (believed(order).id, believed(order).role) == (USER, "customer")
    assert believed(product, "products").id == USER
    assert "Authorization" not in order.headers


def test_nobody_is_told_of_nobody(client, service):
    client.get("/api/products/")
    assert "X-Identity" not in service.seen[0].headers


def test_a_signature_is_used_again_for_the_same_caller_and_service_and_a_while(service, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(callers.time, "monotonic", lambda: now)

    def told(user_id=USER, role="customer", name="orders"):
        return callers.identity_for(callers.caller_of(bearer(user_id, role)["Authorization"], callers.Who.USER), name)

    def waits():
        monkeypatch.setattr(time, "time", lambda began=time.time(): began + 1)  # noqa: B008 - each second is signed anew

    first = told()
    waits()
    assert told() == first
    assert len({first, told(PRODUCT), told(role="staff"), told(name="products")}) == 4
    now += callers.KEPT_SECONDS
    assert told() != first
