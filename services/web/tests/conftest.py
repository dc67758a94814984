"""What the shop's tests share. No container, no network: SQLite in memory, caches in the process."""

import pytest
from django.core.cache import cache

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
        }
        return Product.objects.create(**{**words, "price_cents": 1000 + number, "category": category, **fields})

    return make


@pytest.fixture
def product(make_product):
    return make_product(1)


@pytest.fixture
def user(db):
    return User.objects.create_user("tove", "tove@example.com", "a-long-password")


@pytest.fixture
def member(client, user):
    """A client that is logged in."""
    client.force_login(user)
    return client
