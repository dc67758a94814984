"""The catalogue as events tell it: once, never backwards, in any order; what is no longer sold; what is cached."""

from dataclasses import replace

import pytest
from django.core.cache import cache

from flotilla.bus import consuming, handlers, periodic
from flotilla.bus.models import Inbox
from flotilla.events import contracts, envelope
from flotilla.uuid7 import uuid7
from web import selectors, services
from web.models import Cart, CartItem, Category, Product, Review, User
from web.tests.gateway_stub import PASSWORD

CERAMICS = contracts.Category(slug="ceramics", name="Ceramics", tagline="Stoneware.", position=1)


def removed(event, version=2):
    return contracts.ProductRemoved(version=version, product_id=event.product_id)


def test_everything_that_is_sent_is_handled(db):
    assert handlers.missing("web") == []


def test_old_request_keys_are_forgotten_by_the_clock():
    assert [job.name for job in periodic.jobs()] == ["flotilla.keys.tasks.keys_prune.default"]


def test_the_first_event_makes_a_product_and_its_category_known(receive, told, client):
    event = told()
    receive(event)
    product = Product.objects.select_related("category").get()
    assert {name: getattr(product, name) for name in services.TOLD} == {
        name: getattr(event, name) for name in services.TOLD
    }
    assert (product.pk, product.view_count, product.rating_count, product.removed_at) == (event.product_id, 0, 0, None)
    assert (product.category.slug, product.category.tagline) == ("lighting", "Lamps.")
    page = client.get("/products/skagen-kettle/").content.decode()
    assert "7 in stock" in page
    assert "Add to cart" in page


def test_a_later_event_renews_it_and_keeps_what_is_the_shops_own(receive, told, user):
    event = told()
    receive(event)
    product = Product.objects.get()
    services.review_create(product=product, author=user, rating=4, title="Good", text="It is good.")
    Product.objects.update(view_count=9)
    receive(replace(event, version=2, name="Tall Kettle", price_cents=3100, stock=0, category=CERAMICS))
    product = Product.objects.select_related("category").get()
    assert (product.name, product.price_cents, product.stock, product.category.slug) == (
        "Tall Kettle", 3100, 0, "ceramics",
    )  # fmt: skip
    assert (product.view_count, product.rating_count, product.version) == (9, 1, 2)


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_not_newer_than_the_row_changes_nothing(receive, told, version):
    """Also when only the row knows it, as after a rebuild."""
    event = told(version=2)
    receive(event)
    category = replace(event.category, tagline="Old.")
    stale = replace(event, version=version, name="Old Kettle", category=category)
    receive(stale)
    assert services.products_apply(products=[stale]) == 0
    services.categories_apply(products=[stale])
    assert Product.objects.get().name == "Skagen Kettle"
    assert Category.objects.get().tagline == "Lamps."
    assert not services.product_forget(product_id=event.product_id, version=2)


def test_a_row_from_before_the_events_is_taken_over(receive, told, product):
    event = told(product_id=product.pk, slug=product.slug)
    receive(event)
    product.refresh_from_db()
    assert (product.name, product.version, product.stock) == ("Skagen Kettle", 1, 7)
    assert Product.objects.count() == Category.objects.count() == 1


def test_many_in_one_message_with_categories_that_change(receive, told):
    categories = (CERAMICS, told().category)
    events = [told(product_id=uuid7(), slug=f"kettle-{n}", category=categories[n % 2]) for n in range(20)]
    receive(*events)
    assert Product.objects.count() == 20
    assert [entry["slug"] for entry in selectors.category_list()] == ["lighting", "ceramics"]
    names = ("Lighting", "Ceramics")  # the other way round
    receive(
        *(
            replace(event, version=2, category=replace(event.category, name=names[n % 2]))
            for n, event in enumerate(events)
        )
    )
    assert dict(Category.objects.values_list("slug", "name")) == {"lighting": "Ceramics", "ceramics": "Lighting"}


def test_the_category_that_was_told_last_is_believed(receive, told):
    first, second = sorted((told(product_id=uuid7()), told(product_id=uuid7())), key=lambda event: event.subject)
    receive(second, replace(first, slug="other", category=replace(first.category, tagline="New.")))
    assert Category.objects.get().tagline == "New."


def test_categories_are_written_only_when_they_differ(receive, told, django_assert_num_queries):
    event = told()
    receive(event)
    with django_assert_num_queries(2):  # versions, categories
        services.categories_apply(products=[replace(event, version=2)])


def test_what_is_not_newer_in_a_message_holds_nothing_up(receive, told):
    """Its category may be one that nobody has."""
    event, other = told(version=2), told(product_id=uuid7(), slug="other")
    receive(event)
    stale = replace(event, version=1, category=CERAMICS)
    assert services.products_apply(products=[stale, other]) == 1
    assert set(Product.objects.values_list("slug", flat=True)) == {"skagen-kettle", "other"}


def test_fifty_cost_as_many_statements_as_one(receive, told, django_assert_num_queries):
    receive(told())
    for count in (1, 50):
        events = [told(product_id=uuid7(), slug=f"kettle-{count}-{n}") for n in range(count)]
        with django_assert_num_queries(10):  # of which one looks for failures
            receive(*events)


# -- No longer sold ----------------------------------------------------------------------------------------------------


def test_a_removed_product_is_nowhere_to_be_found(receive, told, client, make_product):
    other, event = make_product(1), told(featured=True)
    receive(event)
    receive(removed(event))
    cache.clear()
    for url in ("/", "/categories/lighting/", "/search/?q=kettle", other.get_absolute_url()):
        assert "Skagen" not in client.get(url).content.decode()
    assert selectors.category_list()[0]["size"] == 1


def test_its_page_is_gone_and_the_edge_may_say_so(receive, told, client):
    event = told()
    receive(event)
    receive(removed(event))
    answer = client.get("/products/skagen-kettle/")
    assert answer.status_code == 410
    assert "No longer sold" in answer.content.decode()
    assert answer["Cache-Control"].startswith("public, max-age=0, s-maxage=")
    assert client.get("/products/never-was/").status_code == 404


def test_its_reviews_are_kept_and_no_more_are_taken(receive, told, member, user):
    event = told()
    receive(event)
    services.review_create(product=Product.objects.get(), author=user, rating=4, title="Good", text="It is good.")
    receive(removed(event))
    form = {"rating": 5, "title": "Late", "text": "Too late."}
    assert member.post("/products/skagen-kettle/review/", form).status_code == 404
    assert Review.objects.get().title == "Good"


def test_a_cart_says_so_and_lets_go_of_it(receive, told, client, product):
    event = told()
    receive(event)
    for slug in ("skagen-kettle", product.slug):
        client.post(f"/products/{slug}/add/", {"quantity": 2})
    receive(removed(event))
    page = client.get("/cart/").content.decode()
    assert "No longer sold" in page
    assert "€20.02" in page
    assert "€58.00" not in page
    line = f"/cart/items/{event.product_id}/"
    refusal = client.post(line, {"quantity": 3})
    assert refusal.status_code == 409
    assert "take it out of the cart" in refusal.content.decode()
    assert client.post(line, {"quantity": 0}).status_code == 302
    assert [item.product for item in CartItem.objects.all()] == [product]


def test_removed_before_it_was_known(receive, told):
    """The events crossed: what is older than the removal comes too late."""
    event = told()
    receive(removed(event))
    receive(event)
    assert not Product.objects.exists()


def test_the_address_of_a_removed_product_goes_to_the_next_one(receive, told, client):
    first, second = sorted((uuid7(), uuid7()))  # two of the same millisecond have no order
    old, new = told(product_id=first), told(product_id=second, name="New Kettle")
    receive(old)
    receive(new)  # before it is known that the old one is removed: the newer has the address
    assert "<h1>New Kettle" in client.get("/products/skagen-kettle/").content.decode()
    receive(removed(old))
    assert "<h1>New Kettle" in client.get("/products/skagen-kettle/").content.decode()
    receive(removed(new))
    assert client.get("/products/skagen-kettle/").status_code == 410


def test_back_on_sale(receive, told, client):
    event = told()
    receive(event, removed(event), replace(event, version=3))
    assert client.get("/products/skagen-kettle/").status_code == 200


# -- Sold out ----------------------------------------------------------------------------------------------------------


def test_what_is_sold_out_cannot_be_added(client, make_product):
    make_product(1, stock=0)
    page = client.get("/products/oban-lamp-1/").content.decode()
    assert "Sold out" in page
    assert "Add to cart" not in page
    answer = client.post("/products/oban-lamp-1/add/", {"quantity": 1})
    assert answer.status_code == 409
    assert "Oban Lamp 1 is sold out" in answer.content.decode()
    assert not Cart.objects.exists()


def test_the_cart_shows_the_stock(client, make_product):
    product = make_product(1, stock=3)
    client.post("/products/oban-lamp-1/add/", {"quantity": 5})
    assert '<span class="stock none">3 in stock</span>' in client.get("/cart/").content.decode()
    Product.objects.update(stock=0)
    assert "Sold out" in client.get("/cart/").content.decode()
    assert client.post(f"/cart/items/{product.pk}/", {"quantity": 1}).status_code == 302


def test_login_keeps_a_cart_whose_things_are_sold_out_or_removed(client, gateway, make_product, receive):
    account = gateway.account()
    for number in (1, 2):
        make_product(number)
        client.post(f"/products/oban-lamp-{number}/add/", {"quantity": 1})
    Product.objects.update(stock=0)
    receive(contracts.ProductRemoved(version=1, product_id=Product.objects.get(slug="oban-lamp-2").pk))
    assert client.post("/accounts/login/", {"email": account["email"], "password": PASSWORD}).status_code == 302
    assert selectors.cart_size(owner=User.objects.get()) == 2


# -- Caches ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelves(receive, told, django_capture_on_commit_callbacks):
    """shelves(event) -> the featured products as the front page shows them after the event."""

    def after(event):
        with django_capture_on_commit_callbacks(execute=True):
            receive(event)
        return selectors.product_featured()

    return after


def test_what_a_list_shows_is_read_anew_after_the_commit(shelves, told):
    event = told(featured=True)
    assert [card["price_cents"] for card in shelves(event)] == [2900]
    assert [card["price_cents"] for card in shelves(replace(event, version=2, price_cents=3100))] == [3100]
    assert shelves(removed(event, version=3)) == []


def test_a_new_stock_makes_nobody_read_anything_anew(receive, told, django_capture_on_commit_callbacks):
    event = told(featured=True)
    receive(event)
    with django_capture_on_commit_callbacks() as callbacks:
        receive(replace(event, version=2, stock=6, description="The same, in other words."))
    assert callbacks == []
    assert Product.objects.get().stock == 6


def test_a_new_department_shows_at_once(shelves, told):
    assert selectors.category_list() == []
    shelves(told())
    assert [entry["name"] for entry in selectors.category_list()] == ["Lighting"]
    shelves(told(version=2, product_id=uuid7(), category=CERAMICS))
    assert [entry["name"] for entry in selectors.category_list()] == ["Lighting", "Ceramics"]


# -- Bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "no address"},
        {"slug": ""},
        {"slug": "x" * 121},
        {"name": ""},
        {"name": "x" * 121},
        {"price_cents": -1},
        {"stock": -1},
        {"category": replace(CERAMICS, slug="no address")},
        {"category": replace(CERAMICS, name="x" * 61)},
        {"category": replace(CERAMICS, position=-1)},
    ],
)
def test_what_cannot_be_shown_is_kept_aside_with_its_reason(db, told, client, change):
    good, bad = told(), told(product_id=uuid7(), **change)
    bodies = [envelope.to_json(envelope.build(event, request_id="r-1")) for event in (bad, good)]
    assert len(consuming.receive(bodies, "web")["products"]) == 2
    assert "ValidationError" in Inbox.objects.get(due_at__isnull=False).reason
    assert Product.objects.get().pk == good.product_id
    assert not Category.objects.filter(slug=CERAMICS.slug).exists()
    assert client.get("/").status_code == 200
