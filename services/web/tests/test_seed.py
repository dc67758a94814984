"""The demonstration: who reviews what, everywhere the same; run again, it changes nothing; it waits for products."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from flotilla.uuid7 import fixed_uuid7
from web.catalogue import arrival
from web.catalogue.origin import Away
from web.catalogue.people import PEOPLE, Reviewed, people_rows, review_rows, views_of
from web.models import Product, Review, User
from web.services import cart_create, review_create, review_delete

START = datetime(2025, 3, 1, 9, tzinfo=UTC)


def reviewed(count):
    moments = [START + timedelta(hours=number) for number in range(count)]
    return [Reviewed(fixed_uuid7(moment, "product"), f"kettle-{moment:%j-%H}", moment) for moment in moments]


def test_reviews_are_many_and_always_the_same():
    products, people = reviewed(1000), list(people_rows())
    reviews = list(review_rows(products, people))
    assert reviews == list(review_rows(reversed(products), list(people_rows())))
    assert len({row["id"] for row in reviews}) == len(reviews) > 2000
    assert len({(row["product_id"], row["author_id"]) for row in reviews}) == len(reviews)
    of_one = [row for row in reviews if row["product_id"] == products[7].id]
    assert list(review_rows([products[7]], people)) == of_one  # whatever else there is


def test_few_things_are_looked_at_often():
    views = sorted(views_of(product.id) for product in reviewed(1000))
    assert views[0] >= 12
    assert views[500] < 40
    assert views[-1] > 1000


def known(product):
    return Reviewed(product.pk, product.slug, product.created)


@pytest.fixture
def products(make_product):
    """Twenty of the demonstration's, known by their ids."""
    return [
        make_product(n, id=product.id, slug=product.slug, created=product.created)
        for n, product in enumerate(reviewed(20))
    ]


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "django_admin"
    path.write_text("staff-password\n")
    return path


@pytest.fixture
def newer_code(monkeypatch):
    """newer_code() -> the next run is one of other code."""
    return lambda: monkeypatch.setattr("web.management.commands.seed.stamp_of", lambda env, job: "newer code")


def everything():
    return (
        sorted(Review.objects.values_list("id", "product_id", "author_id", "rating")),
        sorted(Product.objects.values_list("id", "view_count", "rating_sum", "rating_count", "version")),
    )


def test_seeding_twice_keeps_what_people_added_and_took_away(products, password, user, newer_code):
    call_command("seed", admin_password_file=password)
    assert User.objects.count() == PEOPLE + 2
    product = next(product for product in Product.objects.all() if product.rating_count > 1)
    review_create(product=product, author=user, rating=5, title="Mine", text="Stays.")
    review_delete(review=product.reviews.exclude(author=user).first())
    Product.objects.filter(pk=product.pk).update(view_count=7)
    before = everything()
    newer_code()
    call_command("seed", admin_password_file=password)
    assert everything() == before
    assert User.objects.get(username="admin").check_password("staff-password")
    assert cart_create().pk.version == 7


def test_ratings_agree_with_the_reviews_and_everything_was_looked_at(products):
    call_command("seed", no_admin=True)
    assert Review.objects.count() > 20
    for product in Product.objects.prefetch_related("reviews"):
        ratings = [review.rating for review in product.reviews.all()]
        assert (product.rating_sum, product.rating_count) == (sum(ratings), len(ratings))
        assert product.view_count == views_of(product.pk)


def test_a_product_that_comes_later_gets_its_reviews_and_no_other_does(products, newer_code):
    people = list(people_rows())
    late = max(products, key=lambda product: len(list(review_rows([known(product)], people))))
    Product.objects.filter(pk=late.pk).update(removed_at=START)
    call_command("seed", no_admin=True)
    of_others = everything()[0]
    assert late.pk not in {row[1] for row in of_others}
    Product.objects.update(removed_at=None)
    newer_code()
    call_command("seed", no_admin=True)
    expected = list(review_rows([known(late)], people))
    assert expected
    assert [row for row in everything()[0] if row not in of_others] == sorted(
        (row["id"], row["product_id"], row["author_id"], row["rating"]) for row in expected
    )


def test_seeding_again_with_the_same_code_does_nothing(products, password, django_assert_max_num_queries, capsys):
    call_command("seed", admin_password_file=password)
    with django_assert_max_num_queries(5):
        call_command("seed", admin_password_file=password)
    assert "already done" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_missing_or_empty_password_stops_the_seed_with_one_sentence(products, tmp_path, content):
    path = tmp_path / "django_admin"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match="run `make secrets`"):
        call_command("seed", admin_password_file=path)
    assert not User.objects.exists()


# -- Waiting for the products ------------------------------------------------------------------------------------------


@pytest.fixture
def world(settings, monkeypatch, told):
    """A clock that only sleeping moves, and a products service: `world.lists`, `world.happens[second]`."""

    class World:
        now, lists, happens = 1000.0, [], {}

        def sleep(self, seconds):
            self.now += seconds
            self.happens.pop(round(self.now - 1000), lambda: None)()

        def pages(self):
            if isinstance(self.lists, Exception):
                raise self.lists
            yield [told(product_id=product.id, slug=product.slug) for product in self.lists]

    world = World()
    world.happens = {}
    settings.FLOTILLA = replace(settings.FLOTILLA, products_urls=("http://10.77.2.21:8100",))
    monkeypatch.setattr(arrival, "products_pages", world.pages)
    monkeypatch.setattr(arrival, "time", SimpleNamespace(monotonic=lambda: world.now, sleep=world.sleep))
    return world


def test_it_waits_until_every_product_has_arrived_and_says_how_far_it_is(world, make_product, capsys):
    first, *others = reviewed(5)

    def arrive(*products):
        for product in products:
            make_product(product.created.hour, id=product.id, slug=product.slug, created=product.created)

    world.lists = Away("refused")
    world.happens = {
        1: lambda: setattr(world, "lists", []),
        11: lambda: setattr(world, "lists", [first, *others]),
        12: lambda: arrive(first),
        21: lambda: setattr(world, "lists", Away("it is asked once")),
        30: lambda: arrive(*others),
    }
    call_command("seed", no_admin=True)
    assert capsys.readouterr().out.splitlines()[:4] == [
        f"seed: {PEOPLE} people",
        "seed: the products service gives no list: refused.",
        "seed: the products service has no products yet: its own seed comes first.",
        "seed: 1 of 5 products are here: the workers of both services bring them, see `make logs`.",
    ]
    assert world.now == 1030
    assert all(Product.objects.values_list("view_count", flat=True))


def test_it_gives_up_in_the_end_and_can_be_run_again(world, products, make_product):
    missing = reviewed(21)[-1]
    world.lists = reviewed(21)
    with pytest.raises(CommandError, match=r"After 180 s 20 of 21 products are here.*run it again"):
        call_command("seed", no_admin=True)
    assert world.now == 1180
    assert User.objects.count() == PEOPLE
    assert not Review.objects.exists()
    make_product(21, id=missing.id, slug=missing.slug, created=missing.created)
    call_command("seed", no_admin=True)
    assert Review.objects.exists()


def test_how_long_it_waits_can_be_said(world, db):
    with pytest.raises(CommandError, match="After 3 s the products service has no products yet"):
        call_command("seed", no_admin=True, wait=3.0)


def test_one_that_was_removed_meanwhile_has_arrived(world, products):
    Product.objects.filter(pk=products[0].pk).update(removed_at=START)
    world.lists = reviewed(20)
    call_command("seed", no_admin=True)
    assert world.now == 1000


def test_a_name_that_somebody_else_has_is_left_to_them(products):
    taken = next(people_rows())
    User.objects.create_user(taken["username"], "somebody@example.com")
    call_command("seed", no_admin=True)
    assert User.objects.count() == PEOPLE
    assert not Review.objects.filter(author__username=taken["username"]).exists()
