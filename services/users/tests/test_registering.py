"""Accounts that somebody asks for: who gets one, and what is none."""

import json
import uuid
from datetime import timedelta

import hypothesis
import pytest
from django.utils import timezone
from hypothesis import strategies as st

from flotilla.bus import periodic
from flotilla.keys.models import RequestKey
from flotilla.sharding import buckets, shards
from flotilla.uuid7 import uuid7
from users import services
from users.models import EmailClaim
from users.tests.conftest import LOGIN, PASSWORD, TOVE, everybody, fields, found, told

pytestmark = pytest.mark.django_db(databases="__all__")


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


def test_every_shard_forgets_old_keys_by_the_clock(visitor):
    """What somebody registered with is in the answer under the key."""
    while not all(RequestKey.objects.using(alias).exists() for alias in shards.every()):
        assert visitor.post("/users/", TOVE | {"email": f"{uuid.uuid4()}@example.com"}).status_code == 201
    for alias in shards.every():
        RequestKey.objects.using(alias).update(created_at=timezone.now() - timedelta(hours=25))
    for job in periodic.jobs():
        periodic.step(job)
    assert not any(RequestKey.objects.using(alias).exists() for alias in shards.every())


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


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(path=st.sampled_from(["/users/", "/auth/token/", "/auth/refresh/"]), body=JSON)
@hypothesis.example(path="/auth/refresh/", body={"refresh": "0"})
def test_whatever_is_sent_is_refused_with_a_reason(visitor, path, body):
    response = visitor.post(path, json.dumps(body))
    assert response.status_code in ((400,) if path == "/users/" else (400, 401))
    assert response.json()["detail"]
