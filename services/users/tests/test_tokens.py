"""Logging in and staying so: tokens for a password, tokens for a token."""

import time

import jwt
import pytest

from flotilla.api import tokens
from flotilla.keys.models import RequestKey
from flotilla.sharding import buckets, shards
from flotilla.tests.api import making
from users import logins, passwords, services
from users.models import Role
from users.tests.conftest import LOGIN, PASSWORD, PRIVATE, TOVE, fields

pytestmark = pytest.mark.django_db(databases="__all__")


# -- Logging in --------------------------------------------------------------------------------------------------------


def opened(response, audience=tokens.ACCESS, name="access"):
    settings = logins.settings
    return tokens.verify(response.json()[name], audience=audience, keys=settings.FLOTILLA.token_keys)


def test_logging_in_gives_tokens(visitor, user, settings):
    response = visitor.post("/auth/token/", LOGIN | {"email": "Tove@Example.com"})
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert set(response.json()) == {"access", "refresh", "expires_in"}
    assert response.json()["expires_in"] == settings.ACCESS_SECONDS == 900
    access, refresh = opened(response), opened(response, tokens.REFRESH, "refresh")
    assert (access.user_id, access.role) == (refresh.user_id, refresh.role) == (str(user.id), "customer")
    assert refresh.epoch == user.epoch
    claims = jwt.decode(response.json()["refresh"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 14 * 86_400


def test_wrong_password_and_unknown_address_are_one_answer(visitor, user):
    wrong = visitor.post("/auth/token/", LOGIN | {"password": "wrong-horse-battery"})
    unknown = visitor.post("/auth/token/", LOGIN | {"email": "nobody@example.com"})
    for response in (wrong, unknown):
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert wrong.json()["detail"] == unknown.json()["detail"]


def test_a_login_has_no_effect_and_no_key(visitor, user):
    for _ in range(2):
        assert visitor.post("/auth/token/", LOGIN, key="login-key-1").status_code == 200
    assert visitor.post("/auth/token/", LOGIN | {"password": "other-password"}, key="login-key-1").status_code == 401
    assert not any(RequestKey.objects.using(alias).exists() for alias in shards.every())


def test_too_many_failures_lock_this_account_for_a_while(visitor, user, settings, monkeypatch):
    settings.LOGIN_FAILURES, settings.LOGIN_WINDOW_SECONDS = 3, 100
    monkeypatch.setattr(time, "time", lambda: 1_800_000_030.0)
    for email in ("tove@example.com", "nobody@example.com"):
        for _ in range(3):
            assert visitor.post("/auth/token/", {"email": email, "password": "wrong-password"}).status_code == 401
        response = visitor.post("/auth/token/", {"email": email.upper(), "password": PASSWORD})
        assert (response.status_code, response["Retry-After"]) == (429, "70")
        assert response["Content-Type"] == "application/problem+json"
    services.user_register(email="bo@example.com", name="Bo", password=PASSWORD)
    assert visitor.post("/auth/token/", LOGIN | {"email": "bo@example.com"}).status_code == 200
    monkeypatch.setattr(time, "time", lambda: 1_800_000_101.0)
    assert visitor.post("/auth/token/", LOGIN).status_code == 200


def test_a_success_forgets_the_failures(visitor, user, settings):
    settings.LOGIN_FAILURES = 2
    for _ in range(3):
        assert visitor.post("/auth/token/", LOGIN | {"password": "wrong-password"}).status_code == 401
        assert visitor.post("/auth/token/", LOGIN).status_code == 200


@pytest.mark.parametrize(("path", "body"), [("/auth/token/", LOGIN), ("/users/", TOVE | {"email": "bo@example.com"})])
def test_503_when_too_many_passwords_are_being_checked(visitor, user, settings, monkeypatch, path, body):
    """And nothing is held against anybody for it."""
    settings.LOGIN_FAILURES = 1
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "WAITING", 0)
        passwords._turns.cache_clear()
        with passwords._turn():
            responses = [visitor.post(path, body) for _ in range(3)]
    passwords._turns.cache_clear()
    for response in responses:
        assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert visitor.post(path, body).status_code in (200, 201)


@pytest.mark.parametrize(
    ("field", "given"), [("password", ""), ("password", "x" * 257), ("password", 5), ("email", "tove")]
)
def test_what_cannot_be_credentials(visitor, field, given):
    response = visitor.post("/auth/token/", LOGIN | {field: given})
    assert (response.status_code, set(fields(response))) == (400, {field})


# -- Refreshing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(visitor, user):
    return visitor.post("/auth/token/", LOGIN).json()


def refreshed(visitor, token):
    return visitor.post("/auth/refresh/", {"refresh": token})


def test_a_refresh_token_gets_the_next_pair(visitor, pair, user):
    home = shards.primary(buckets.of_id(user.id))
    type(user).objects.using(home).update(role=Role.STAFF)
    response = refreshed(visitor, pair["refresh"])
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert opened(response).role == "staff"  # as it is now
    assert refreshed(visitor, response.json()["refresh"]).status_code == 200


def test_it_ends_with_the_account_and_with_its_epoch(visitor, pair, user):
    services.staff_ensure(email=user.email, name="", password="another-good-password")
    ended = refreshed(visitor, pair["refresh"])
    again = visitor.post("/auth/token/", LOGIN | {"password": "another-good-password"}).json()["refresh"]
    services.user_delete(user_id=user.id)
    for response in (ended, refreshed(visitor, again)):
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
        assert "log in again" in response.json()["detail"]


def forged(user_id, key=PRIVATE, algorithm="EdDSA", kid="", **changes):
    kid = kid or tokens.signer(logins.settings.FLOTILLA.token_key)[1]
    now = int(time.time())
    claims = {"iss": "users", "aud": "refresh", "sub": str(user_id), "role": "staff", "iat": now, "exp": now + 60}
    claims |= {"jti": "x", "epoch": 1} | changes
    return jwt.encode(
        {k: v for k, v in claims.items() if v is not None}, key, algorithm=algorithm, headers={"kid": kid}
    )


def bad_tokens(user_id):
    good, now = forged(user_id), int(time.time())
    yield from ("x", "a.b.c", good[:-4], good[:-40], f"{good}.x", f"{good.rpartition('.')[0]}.", "\u2603" * 9)
    yield forged(user_id, key=making.new_key()[0])
    yield forged(user_id, kid="unknown")
    yield forged(user_id, key="k" * 64, algorithm="HS256")
    yield forged(user_id, key="", algorithm="none")
    yield from (forged(user_id, aud=aud) for aud in ("api", "users", ["refresh"], None))
    yield from (forged(user_id, iss=iss) for iss in ("gateway", None))
    yield from (forged(user_id, epoch=epoch) for epoch in (None, "1", 2, True, 1.0))
    yield from (forged(user_id, sub=sub) for sub in ("x", "", None, 5))
    yield from (forged(user_id, role=role) for role in ("admin", "service", None, 5))
    yield forged(user_id, exp=now - 60, iat=now - 120)
    yield forged(user_id, exp=now + 10**8)
    yield forged(user_id, exp=None)


def test_no_other_token_does(visitor, pair, user):
    assert refreshed(visitor, forged(user.id)).status_code == 200
    for token in [pair["access"], *bad_tokens(user.id)]:
        response = refreshed(visitor, token)
        assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json"), token


@pytest.mark.parametrize("given", [None, 5, "", " ", [], {}, "x" * 2001, "a\0", "\ud800"])
def test_a_refresh_token_is_a_text(visitor, given):
    assert fields(visitor.post("/auth/refresh/", {"refresh": given})) == ["refresh"]
