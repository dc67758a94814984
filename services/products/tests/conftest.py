"""What the tests of products share. No container, no network: SQLite in memory, no broker."""

import json
from dataclasses import replace

import pytest
from django.db.models import Min

from flotilla.bus.models import Outbox
from flotilla.events import envelope
from flotilla.tests.api.making import KEYS, identified
from products.models import Category, Product


@pytest.fixture(autouse=True)
def plain(settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.FLOTILLA = replace(settings.FLOTILLA, identity_keys=KEYS)


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
        return Product.objects.create(
            **{**words, "price_cents": 1000 + number, "category": category, "stock": 10, **fields}
        )

    return make


@pytest.fixture
def product(make_product):
    return make_product(1)


@pytest.fixture
def told():
    """The events published since the last call, in order."""
    seen = set()

    def news() -> list:
        in_order = Outbox.objects.annotate(sent=Min("deliveries__id")).order_by("sent")
        fresh = [row for row in in_order if row.id not in seen]
        seen.update(row.id for row in fresh)
        return [envelope.parse(row.body).event for row in fresh]

    return news


@pytest.fixture
def staff(client):
    """Sends JSON as staff: `staff("post", "/products/", {...})`."""

    def send(method, path, data=None, **headers):
        body = data if isinstance(data, bytes | str) else json.dumps(data)
        return getattr(client, method)(
            path, body, content_type="application/json", headers=identified("staff") | headers
        )

    return send
