"""What visitors do: reviews and carts. Accounts are in test_accounts.py, orders in test_checkout.py."""

from web.models import Cart, CartItem, Review


def cart_holds(owner=None):
    return {
        item.product.slug: item.quantity
        for item in CartItem.objects.filter(cart__owner=owner).select_related("product")
    }


def test_a_member_reviews_a_product(member, product):
    page = member.get("/products/oban-lamp-1/").content.decode()
    assert "csrfmiddlewaretoken" in page
    assert "request_key" in page
    response = member.post("/products/oban-lamp-1/review/", {"rating": 5, "title": "Fine", "text": "Two\r\nlines"})
    assert (response.status_code, response["Location"]) == (302, "/products/oban-lamp-1/#reviews")
    assert Review.objects.get().text == "Two\nlines"
    page = member.get("/products/oban-lamp-1/").content.decode()
    assert "You have reviewed this product" in page
    assert "5 of 5 stars" in page


def test_a_second_review_is_a_conflict(member, product):
    for status in (302, 409):
        response = member.post("/products/oban-lamp-1/review/", {"rating": 5, "title": "Fine", "text": "Again"})
        assert response.status_code == status
    assert Review.objects.count() == 1


def test_the_same_form_sent_twice_is_one_review(member, product):
    form = {"rating": 5, "title": "Fine", "text": "Once", "request_key": "0123456789abcdef0123456789abcdef"}
    for _ in range(2):
        assert member.post("/products/oban-lamp-1/review/", form).status_code == 302
    assert Review.objects.count() == 1


def test_a_guest_is_led_to_the_login_and_back(client, product):
    response = client.get("/products/oban-lamp-1/review/")
    assert response["Location"] == "/accounts/login/?next=/products/oban-lamp-1/review/"


def test_a_guests_cart_is_kept_in_the_database(client, product):
    response = client.post("/products/oban-lamp-1/add/", {"quantity": 2})
    assert response["Location"] == "/cart/"
    cookie = response.cookies["cart"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    client.post("/products/oban-lamp-1/add/", {"quantity": 1})
    assert cart_holds() == {"oban-lamp-1": 3}
    assert Cart.objects.count() == 1
    client.post(f"/cart/items/{product.pk}/", {"quantity": 5})
    assert "€50.05" in client.get("/cart/").content.decode()
    client.post(f"/cart/items/{product.pk}/", {"quantity": 0})
    assert "Nothing in it yet" in client.get("/cart/").content.decode()


def test_the_form_page_works_without_script(client, product):
    page = client.get("/products/oban-lamp-1/add/?quantity=4").content.decode()
    assert 'value="4"' in page
    assert "csrfmiddlewaretoken" in page


def test_a_page_view_writes_no_session(member, django_assert_num_queries):
    response = member.get("/cart/")
    assert "sessionid" not in response.cookies
