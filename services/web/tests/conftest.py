"""What the shop's tests share. No container, no network: SQLite in memory, caches in the process."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from flotilla.bus import consuming
from flotilla.bus.models import Inbox
from flotilla.events import contracts, envelope
from flotilla.uuid7 import uuid7
from web.models import Category, Product, User
from web.services import product_views


@pytest.fixture(autouse=True)
def plain(settings):
    """No collected static files, plain http, a quick password hash, nothing cached by the test before."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.ALLOWED_HOSTS = ["testserver"]
    cache.clear()
    product_views.drain()


@pytest.fixture
def category(db):
    return Category.objects.create(name="Lighting", slug="lighting", tagline="Lamps.")


@pytest.fixture
def make_product(category):
    def make(number: int = 1, **fields) -> Product:
        words = {
            "name": f"Oban Lamp {number}",
            "slug": f"oban-lamp-{number}",
            "description": "A lamp.",
            "motif": "desk-lamp",
            "stock": 12,
        }
        return Product.objects.create(**{**words, "price_cents": 1000 + number, "category": category, **fields})

    return make


@pytest.fixture
def product(make_product):
    return make_product(1)


LIGHTING = contracts.Category(slug="lighting", name="Lighting", tagline="Lamps.", position=0)


@pytest.fixture
def told():
    """told(id=…, version=…, …) -> what the products service says of a product."""
    plain = contracts.ProductChanged(
        version=1,
        product_id=uuid7(),
        slug="skagen-kettle",
        name="Skagen Kettle",
        description="A kettle.",
        motif="kettle",
        price_cents=2900,
        category=LIGHTING,
        featured=False,
        stock=7,
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    return lambda **changes: replace(plain, **changes)


@pytest.fixture
def receive(db):
    """Events arrive in one message, and have their effect; a handler that fails is a failed test."""

    def arrive(*events) -> None:
        bodies = [envelope.to_json(envelope.build(event, request_id="r-1")) for event in events]
        assert sum(map(len, consuming.receive(bodies, "web").values())) == len(events)
        assert not Inbox.objects.filter(due_at__isnull=False).values_list("reason", flat=True)

    return arrive


@pytest.fixture
def user(db):
    return User.objects.create_user("tove", "tove@example.com", "a-long-password")


@pytest.fixture
def member(client, user):
    """A client that is logged in."""
    client.force_login(user)
    return client
