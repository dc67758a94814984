import pytest
from django.db import DatabaseError, IntegrityError, transaction

from flotilla.uuid7 import uuid7
from web import selectors, services
from web.models import Cart, CartItem, Product, Review, User


def review(product, user, rating=4):
    return services.review_create(product=product, author=user, rating=rating, title="Good", text="It is good.")


def test_a_review_counts_in_the_rating(product, user):
    review(product, user, rating=4)
    product.refresh_from_db()
    assert (product.rating, product.rating_count) == (4.0, 1)


def test_a_second_review_by_the_same_author_is_refused_and_counts_nothing(product, user):
    review(product, user)
    with pytest.raises(services.AlreadyReviewed):
        review(product, user, rating=1)
    product.refresh_from_db()
    assert (product.rating_sum, Review.objects.count()) == (4, 1)


@pytest.mark.parametrize("rating", [0, 6])
def test_the_database_itself_refuses_other_ratings(product, user, rating):
    with pytest.raises(IntegrityError), transaction.atomic():
        review(product, user, rating=rating)
    assert not Review.objects.exists()


def test_deleting_a_review_takes_its_share_back(product, user):
    written = review(product, user)
    services.review_delete(review=written)
    services.review_delete(review=written)
    product.refresh_from_db()
    assert (product.rating, product.rating_count) == (None, 0)


def test_adding_adds_up_to_99(product):
    cart = services.cart_create()
    for quantity in (60, 30, 30):
        services.cart_item_add(cart=cart, product=product, quantity=quantity)
    assert CartItem.objects.get().quantity == 99


@pytest.mark.parametrize("quantity", [-1, 0, 100])
def test_nobody_adds_an_impossible_quantity(product, quantity):
    with pytest.raises(services.InvalidQuantity):
        services.cart_item_add(cart=services.cart_create(), product=product, quantity=quantity)


def test_the_database_itself_refuses_other_quantities(product):
    with pytest.raises(IntegrityError), transaction.atomic():
        CartItem.objects.create(cart=services.cart_create(), product=product, quantity=100)


def test_setting_sets_and_zero_removes(product):
    cart = services.cart_create()
    services.cart_item_set(cart=cart, product=product, quantity=7)
    services.cart_item_set(cart=cart, product=product, quantity=2)
    assert selectors.cart_size(cart_id=cart.pk) == 2
    services.cart_item_set(cart=cart, product=product, quantity=0)
    assert not CartItem.objects.exists()
    with pytest.raises(services.InvalidQuantity):
        services.cart_item_set(cart=cart, product=product, quantity=100)


def test_login_merges_the_guests_cart_once(make_product, user):
    guest, first, second = services.cart_create(), make_product(1), make_product(2)
    services.cart_item_add(cart=guest, product=first, quantity=2)
    services.cart_item_add(cart=guest, product=second, quantity=1)
    services.cart_item_add(cart=services.cart_for_owner(owner=user), product=first, quantity=1)
    for _ in range(2):
        services.cart_merge(guest_cart_id=guest.pk, owner=user)
    held = {item.product_id: item.quantity for item in selectors.cart_items(owner=user)}
    assert held == {first.pk: 3, second.pk: 1}
    assert Cart.objects.count() == 1


def test_nobody_merges_the_cart_of_another_account(product, user):
    other = User.objects.create_user("olaf", "olaf@example.com", "a-long-password")
    theirs = services.cart_for_owner(owner=other)
    services.cart_item_add(cart=theirs, product=product, quantity=1)
    services.cart_merge(guest_cart_id=theirs.pk, owner=user)
    assert selectors.cart_size(owner=other) == 1
    assert selectors.cart_size(cart_id=theirs.pk) == 0


def test_an_account_has_one_shadow_which_follows_it(db):
    id = uuid7()
    for name in ("Tove", "Tove Dahl"):
        user = services.account_known(account_id=id, email="tove@example.com", name=name)
        assert (user.pk, user.first_name, user.has_usable_password()) == (id, name, False)
    assert User.objects.get().username == str(id)


def test_two_accounts_after_each_other_may_have_one_address(db):
    for _ in range(2):
        services.account_known(account_id=uuid7(), email="tove@example.com", name="x" * 300)
    assert User.objects.count() == 2


def test_adding_what_is_ordered_at_this_moment_adds_it_anew(product, monkeypatch):
    """Between the look and the update the line is taken out."""
    cart = services.cart_create()
    services.cart_item_add(cart=cart, product=product, quantity=2)
    look, gone = CartItem.objects.get_or_create, []

    def and_gone(**query):
        found = look(**query)
        gone.append(not gone and CartItem.objects.all().delete())
        return found

    monkeypatch.setattr(CartItem.objects, "get_or_create", and_gone)
    services.cart_item_add(cart=cart, product=product, quantity=3)
    assert CartItem.objects.get().quantity == 3


def test_views_are_counted_in_one_update(make_product, django_assert_num_queries):
    first, second = make_product(1), make_product(2)
    for product in (first, first, second):
        services.product_views.add(product.pk)
    with django_assert_num_queries(4):  # savepoint, lock, UPDATE, release
        assert services.product_views_flush() == 2
    assert dict(Product.objects.values_list("slug", "view_count")) == {first.slug: 2, second.slug: 1}
    with django_assert_num_queries(0):
        assert services.product_views_flush() == 0


def test_views_that_cannot_be_written_stay_counted(product, monkeypatch):
    services.product_views.add(product.pk)

    def gone(**counts):
        raise DatabaseError("no primary")

    monkeypatch.setattr(services, "_product_views_write", gone)
    with pytest.raises(DatabaseError):
        services.product_views_flush()
    assert services.product_views.drain() == {str(product.pk): 1}
