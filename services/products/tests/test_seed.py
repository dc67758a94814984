"""The demonstration catalogue: large, always the same, told once; what is there is left alone."""

import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from flotilla.bus.models import Delivery, Outbox
from products.catalogue import load
from products.catalogue.load import catalogue_load
from products.catalogue.products import category_rows, fixed_uuid7, product_rows
from products.management.commands import seed
from products.models import Category, Product
from products.services import product_change, product_remove

ROWS = list(product_rows())


def test_the_catalogue_is_large_varied_and_always_the_same():
    assert list(product_rows()) == ROWS
    assert len(list(category_rows())) == 12
    assert len(ROWS) == 1032
    for field in ("id", "slug", "name"):
        assert len({row[field] for row in ROWS}) == len(ROWS)
    assert len({row["description"] for row in ROWS}) > 0.9 * len(ROWS)
    assert all(len(re.findall(r"[.!?](?: |$)", row["description"])) >= 4 for row in ROWS)
    assert all(20 <= row["stock"] <= 500 and row["price_cents"] > 0 for row in ROWS)
    assert len({row["stock"] for row in ROWS}) > 300


def test_ids_are_those_that_reviews_elsewhere_refer_to():
    assert str(ROWS[0]["id"]) == "019fd87f-28c0-77dc-8c0c-4770bd02468a"
    assert str(ROWS[-1]["id"]) == "019b13f1-eaa0-7b0f-a63a-10e4566b5797"
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    made = fixed_uuid7(moment, "x")
    assert made == fixed_uuid7(moment, "x") != fixed_uuid7(moment, "y")
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(moment.timestamp() * 1000)


def events():
    return Counter(Outbox.objects.values_list("body__type", flat=True))


def data():
    return [body["data"] for body in Outbox.objects.values_list("body", flat=True)]


@pytest.fixture
def few(monkeypatch):
    """Thirty products, written thirteen at a time."""
    monkeypatch.setattr(load, "product_rows", lambda: iter(ROWS[:30]))
    monkeypatch.setattr(load, "BATCH", 13)


def test_all_is_written_and_told(db, few, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        assert catalogue_load() == {"products": 30, "new": 30}
    product = Product.objects.select_related("category").get(pk=ROWS[0]["id"])
    assert (product.slug, product.stock) == (ROWS[0]["slug"], ROWS[0]["stock"])
    assert product.category.slug == ROWS[0]["category"]
    assert (Category.objects.count(), events()) == (12, {"products.product.changed.v1": 30})


def test_again_nothing_of_what_is_there_is_touched(db, few):
    catalogue_load()
    changed, category_of, removed = Product.objects.order_by("id")[:3]
    product_change(product_id=changed.id, changes={"stock": 1, "price_cents": 1, "slug": "given-by-staff"})
    Category.objects.filter(pk=category_of.category_id).update(tagline="Words of the staff.")
    product_remove(product_id=removed.id)
    before = list(Product.objects.order_by("id").values())
    Outbox.objects.all().delete()
    assert catalogue_load() == {"products": 30, "new": 0}
    assert list(Product.objects.order_by("id").values()) == before
    assert Category.objects.get(pk=category_of.category_id).tagline == "Words of the staff."
    assert not events()


def test_what_newer_code_adds_is_written_and_told(db, few, monkeypatch):
    catalogue_load()
    monkeypatch.setattr(load, "product_rows", lambda: iter(ROWS[:31]))
    Outbox.objects.all().delete()
    assert catalogue_load() == {"products": 31, "new": 1}
    assert [told["slug"] for told in data()] == [ROWS[30]["slug"]]


def test_a_slug_that_staff_have_given_away_is_theirs(db, few):
    boats = Category.objects.create(slug="boats", name="Boats", tagline="Afloat.")
    fields = {"name": "Boat", "description": "A boat.", "motif": "boat", "price_cents": 1, "category": boats}
    Product.objects.create(slug=ROWS[0]["slug"], **fields)
    assert catalogue_load()["new"] == 29


# -- The command


@pytest.fixture
def quick(few, monkeypatch):
    """While the command waits, half of what is left is confirmed."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        left = list(Delivery.objects.filter(confirmed_at=None).values_list("id", flat=True))
        Delivery.objects.filter(id__in=left[: len(left) // 2 + 1]).update(confirmed_at=timezone.now())

    monkeypatch.setattr(seed.time, "sleep", sleep)
    return waits


def test_it_waits_until_all_have_it(db, quick, capsys):
    call_command("seed")
    said = capsys.readouterr().out
    assert "30 products, 30 new" in said
    assert said.endswith("seed: 60 of 60 deliveries confirmed\n")
    assert len(quick) > 2


def test_it_does_not_wait_for_ever_or_at_all_when_asked(db, quick, capsys, monkeypatch):
    call_command("seed", wait_seconds=0.0)
    assert "seed: 0 of 60 deliveries confirmed in 0 s" in capsys.readouterr().out
    monkeypatch.setattr(seed, "stamp_of", lambda env, job: "newer code")
    call_command("seed", no_wait=True)
    assert "deliveries" not in capsys.readouterr().out
    assert quick == []


def test_seeding_again_with_the_same_code_does_nothing(db, quick, django_assert_max_num_queries, capsys):
    call_command("seed", no_wait=True)
    with django_assert_max_num_queries(6):
        call_command("seed")
    assert capsys.readouterr().out.endswith("seed: already done\n")
