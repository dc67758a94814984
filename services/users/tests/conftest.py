"""What the tests of the service share. No container, no network: three SQLite databases in memory, no orders."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.cache import caches
from django.test import Client

from flotilla.api import tokens
from flotilla.api.identity import HEADER
from flotilla.breaker import Breaker
from flotilla.bus.models import Outbox
from flotilla.sharding import buckets, shards
from flotilla.tests.api import making
from users import orders, services
from users.models import User

PASSWORD = "correct-horse-battery"
TOVE = {"email": "tove@example.com", "name": "Tove", "password": PASSWORD}
LOGIN = {"email": "tove@example.com", "password": PASSWORD}
PRIVATE, PUBLIC = making.new_key("t")


def pem(private) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(autouse=True)
def plain(settings, monkeypatch):
    """Known keys, the tests' host, a hash that takes no time, nobody who has failed before."""
    kid = tokens.signer(pem(PRIVATE))[1]
    settings.FLOTILLA = replace(
        settings.FLOTILLA,
        service="users",
        identity_keys=making.KEYS,
        identity_key=pem(making.PRIVATE),
        token_key=pem(PRIVATE),
        token_keys=making.jwks(PUBLIC | {"kid": kid}),
    )
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches["default"].clear()
    monkeypatch.setattr(orders, "_breaker", Breaker())


class Caller(Client):
    """Sends JSON; as somebody, each time with a new token."""

    def __init__(self, user_id="", role="customer"):
        super().__init__()
        self.user_id, self.role = str(user_id), role

    def generic(self, method, path, data="", content_type="application/json", headers=None, **extra):
        token = (
            making.token(self.role, self.user_id, audience="users") if self.user_id or self.role == "service" else ""
        )
        known = {HEADER: token} if token else {}
        return super().generic(method, path, data, content_type, headers=known | (headers or {}), **extra)

    def post(self, path, data=None, key="", **extra):
        headers = {"Idempotency-Key": key} if key else {}
        return super().post(path, data, content_type="application/json", headers=headers, **extra)

    def delete(self, path, data="", key="", **extra):
        headers = {"Idempotency-Key": key} if key else {}
        return super().delete(path, data, content_type="application/json", headers=headers, **extra)


@pytest.fixture
def visitor():
    return Caller()


@pytest.fixture
def user(db):
    return services.user_register(email="tove@example.com", name="Tove", password=PASSWORD)


def found(user_id) -> User | None:
    return User.objects.using(shards.primary(buckets.of_id(user_id))).filter(id=user_id).first()


def everybody() -> list[User]:
    return [user for alias in shards.every() for user in User.objects.using(alias).all()]


def told(user_id) -> list[str]:
    """What was published of the account, in order: `registered`, `deleted`. In its own shard only."""
    home = shards.primary(buckets.of_id(user_id))
    for alias in shards.every():
        assert alias == home or not Outbox.objects.using(alias).filter(subject=user_id).exists()
    events = Outbox.objects.using(home).filter(subject=user_id).order_by("version")
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    return [event.body["type"].split(".")[2] for event in events]


def fields(response) -> list[str]:
    """Which fields a problem names."""
    assert response["Content-Type"] == "application/problem+json"
    return [error["field"] for error in response.json()["errors"]]
