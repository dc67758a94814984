"""What the shop's tests share. No container, no network but loopback: SQLite in memory, caches in the process."""

import socket
import threading
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
from web.tests.gateway_stub import PASSWORD, Gateway


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
    """Of staff: with a password in the shop itself."""
    return User.objects.create_user("tove", "tove@example.com", "a-long-password")


@pytest.fixture
def member(client, user):
    """A client that is logged in, without the gateway."""
    client.force_login(user)
    return client


@pytest.fixture
def gateway(settings):
    """The API, which the shop is told to ask."""
    with Gateway() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings.FLOTILLA = replace(settings.FLOTILLA, gateway_urls=(server.url,))
        yield server
        server.shutdown()


@pytest.fixture
def nobody(settings):
    """No gateway: whoever calls it is refused."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    settings.FLOTILLA = replace(settings.FLOTILLA, gateway_urls=(url,))


@pytest.fixture
def customer(client, db, gateway):
    """A client that has logged in with an account of the users service, tove@example.com."""
    gateway.account()
    answer = client.post("/accounts/login/", {"email": "tove@example.com", "password": PASSWORD})
    assert answer.status_code == 302
    gateway.asked.clear()
    return client
