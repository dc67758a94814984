import json
import time
import uuid

import hypothesis
import jwt
import pytest
from hypothesis import strategies as st

from flotilla.api import tokens
from flotilla.keys.models import RequestKey
from flotilla.sharding import buckets, shards
from flotilla.tests.api import making
from flotilla.uuid7 import uuid7
from users import logins, orders, passwords, services
from users.models import EmailClaim, Role
from users.tests.conftest import PASSWORD, PRIVATE, Caller, everybody, fields, found, told

pytestmark = pytest.mark.django_db(databases="__all__")

TOVE = {"email": "tove@example.com", "name": "Tove", "password": PASSWORD}
LOGIN = {"email": "tove@example.com", "password": PASSWORD}


# -- Registering -------------------------------------------------------------------------------------------------------


def test_somebody_registers(visitor):
    response = visitor.post("/users/", TOVE)
    assert response.status_code == 201
    answer = response.json()
    user = found(uuid.UUID(answer["id"]))
    assert answer.pop("created_at").startswith(f"{user.created:%Y-%m-%dT%H:%M}")
    assert answer == {"id": str(user.id), "email": "tove@example.com", "name": "Tove"}
    assert (user.role, user.epoch, told(user.id)) == ("customer", 1, ["registered"])
    assert PASSWORD not in user.password


def test_people_are_spread_over_the_shards_each_with_claim_and_key(visitor):
    for n in range(24):
        assert visitor.post("/users/", TOVE | {"email": f"tove.{n}@example.com"}).status_code == 201
    for alias in shards.every():
        claims = list(EmailClaim.objects.using(alias).all())
        assert claims
        assert len(claims) == RequestKey.objects.using(alias).count()
        for claim in claims:
            assert shards.primary(buckets.of_text(claim.email)) == shards.primary(buckets.of_id(claim.user_id)) == alias
            assert found(claim.user_id).email == claim.email
    assert len(everybody()) == 24


def test_an_address_is_taken_however_it_is_written(visitor, user):
    for email in ("tove@example.com", "TOVE@Example.COM", "  tove@example.com "):
        response = visitor.post("/users/", TOVE | {"email": email})
        assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert len(everybody()) == 1


def test_one_of_two_at_once_gets_the_address(visitor, user, monkeypatch):
    """Both found it free."""
    monkeypatch.setattr(services, "_is_taken", lambda email: False)
    assert visitor.post("/users/", TOVE).status_code == 409
    assert (len(everybody()), told(user.id)) == (1, ["registered"])


def test_the_same_key_again_is_the_same_account_and_answer(visitor):
    first, second = (visitor.post("/users/", TOVE, key="register-1") for _ in range(2))
    assert (second.status_code, second.content) == (201, first.content)
    assert visitor.post("/users/", TOVE | {"name": "Other"}, key="register-1").status_code == 422
    other = visitor.post("/users/", TOVE | {"email": "bo@example.com"}, key="register-1")
    assert (other.status_code, len(everybody())) == (201, 2)


def test_the_other_balancer_sends_the_same_request(visitor):
    sent = [
        visitor.post("/users/", TOVE, key="register-1", REMOTE_ADDR=address) for address in ("10.0.0.1", "10.0.0.2")
    ]
    assert [response.status_code for response in sent] == [201, 201]
    assert sent[0].content == sent[1].content


BAD_EMAILS = [
    None, 5, True, [], {}, "", " ", "tove", "tove@", "@example.com", "tove@example", "a b@example.com", "tove@e.com\0",
    "tøve@example.com", "tove@exämple.com", "Kelvin\u212a@example.com", "long\u017f@example.com", "\ud800@example.com",
    "tove@example.com,bo@example.com", "tove@example.com\nBcc: x@example.com", "a" * 250 + "@example.com", "a@-x.com",
]  # fmt: skip


@pytest.mark.parametrize("email", BAD_EMAILS)
def test_an_address_is_one(visitor, email):
    response = visitor.post("/users/", TOVE | {"email": email})
    assert response.status_code == 400
    assert "email" in fields(response)
    assert not everybody()


@pytest.mark.parametrize("name", [None, 5, True, [], {}, "", "  ", "x" * 121, "a\0b", "\udfff"])
def test_a_name_is_a_text(visitor, name):
    response = visitor.post("/users/", TOVE | {"name": name})
    assert (response.status_code, set(fields(response))) == (400, {"name"})


BAD_PASSWORDS = [
    None, 5, True, [], {}, "", "short", "password1", "tove@example.com", "ToveTove", "x" * 257, "a\0bcdefgh",
    "\ud800" * 9,
]  # fmt: skip


@pytest.mark.parametrize("password", BAD_PASSWORDS)
def test_a_password_is_none_that_is_guessed(visitor, password):
    response = visitor.post("/users/", TOVE | {"password": password, "name": "ToveTove"})
    assert (response.status_code, set(fields(response))) == (400, {"password"})
    assert not everybody()


def test_a_password_is_taken_as_it_is(visitor):
    assert visitor.post("/users/", TOVE | {"password": f"  {PASSWORD} \u2603"}).status_code == 201
    assert visitor.post("/auth/token/", LOGIN | {"password": PASSWORD}).status_code == 401
    assert visitor.post("/auth/token/", LOGIN | {"password": f"  {PASSWORD} \u2603"}).status_code == 200


@pytest.mark.parametrize("more", [{"role": "staff"}, {"id": str(uuid7())}, {"is_staff": True}, {"epoch": 9}])
def test_nobody_makes_themselves_somebody(visitor, more):
    response = visitor.post("/users/", TOVE | more)
    assert (response.status_code, fields(response)) == (400, list(more))
    assert not everybody()


@pytest.mark.parametrize("missing", ["email", "name", "password"])
def test_all_of_it_is_needed(visitor, missing):
    response = visitor.post("/users/", {name: text for name, text in TOVE.items() if name != missing})
    assert (response.status_code, fields(response)) == (400, [missing])


@pytest.mark.parametrize("path", ["/users/", "/auth/token/", "/auth/refresh/"])
@pytest.mark.parametrize(
    "body", ["{", "", "[]", '"x"', "null", "5", "\ud800", "[" * 100_000, "9" * 5000, '{"email": NaN}']
)
def test_what_is_no_object(visitor, path, body):
    response = visitor.generic("POST", path, body.encode("utf-8", "surrogatepass"))
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_other_types_of_body(visitor):
    for path in ("/users/", "/auth/token/", "/auth/refresh/"):
        assert visitor.generic("POST", path, "email=1", "text/plain").status_code == 415


WORTHS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NAMES = st.sampled_from(["email", "name", "password", "refresh"]) | st.text(max_size=3)
JSON = st.recursive(WORTHS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(path=st.sampled_from(["/users/", "/auth/token/", "/auth/refresh/"]), body=JSON)
def test_whatever_is_sent_is_refused_with_a_reason(visitor, path, body):
    response = visitor.post(path, json.dumps(body))
    assert response.status_code == 400
    assert response.json()["detail"]


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
