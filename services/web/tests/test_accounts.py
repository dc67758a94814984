"""Accounts are the users service's: what the shop asks of it, keeps of it, and says when it refuses or is away."""

import re
import time
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.signing import Signer
from django.test import Client

from flotilla.events.contracts import UserDeleted
from flotilla.uuid7 import uuid7
from web import tokens
from web.models import Cart, CartItem, Review, User
from web.tests.gateway_stub import PASSWORD

LOGIN, REGISTER = "/accounts/login/", "/accounts/register/"
TOVE = {"email": "tove@example.com", "password": PASSWORD}
NEW = {"email": "new@example.com", "name": "Nina Ström", "password": "quite-a-secret"}


def cart_holds(owner):
    lines = CartItem.objects.filter(cart__owner=owner).select_related("product")
    return {line.product.slug: line.quantity for line in lines}


def is_logged_in(client):
    return "Hello, " in client.get("/cart/").content.decode()


# -- Logging in and out, registering ----------------------------------------------------------------------------------


def test_login_takes_the_guests_cart_along(client, product, gateway):
    account = gateway.account()
    client.post("/products/oban-lamp-1/add/", {"quantity": 2})
    response = client.post(LOGIN, TOVE)
    assert (response.status_code, response["Location"], response.cookies["cart"].value) == (302, "/", "")
    user = User.objects.get()
    assert (str(user.pk), user.email, user.first_name) == (account["id"], "tove@example.com", "Tove")
    assert cart_holds(user) == {"oban-lamp-1": 2}
    client.post("/products/oban-lamp-1/add/", {"quantity": 1})
    assert cart_holds(user) == {"oban-lamp-1": 3}
    assert "Hello, Tove" in client.get("/").content.decode()


def test_registering_logs_in_and_takes_the_cart_along(client, product, gateway):
    client.post("/products/oban-lamp-1/add/", {"quantity": 2})
    assert client.post(REGISTER, NEW)["Location"] == "/"
    user = User.objects.get()
    assert (str(user.pk), cart_holds(user)) == (gateway.accounts[NEW["email"]]["id"], {"oban-lamp-1": 2})
    assert "Hello, Nina Ström" in client.get("/").content.decode()


def test_the_form_leads_to_where_one_wanted_to_go(client, product, gateway):
    gateway.account()
    page = client.get(f"{LOGIN}?next=/checkout/").content.decode()
    assert 'href="/accounts/register/?next=/checkout/"' in page
    assert client.post(LOGIN, TOVE | {"next": "/checkout/"})["Location"] == "/checkout/"
    assert Client().post(LOGIN, TOVE | {"next": "https://evil.example/"})["Location"] == "/"


def test_the_same_form_twice_is_one_account(client, db, gateway):
    """The key that the users service gets stays the same, and is not the form's own."""
    form = NEW | {"request_key": "0123456789abcdef"}
    first, second = (Client().post(REGISTER, form) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    keys = {one.headers["Idempotency-Key"] for one in gateway.of("POST", "/api/users/")}
    assert len(keys) == 1
    assert "0123456789abcdef" not in keys
    assert User.objects.count() == 1


def test_logout_ends_it(customer):
    assert customer.post("/accounts/logout/")["Location"] == "/"
    assert "Log in" in customer.get("/").content.decode()
    assert not Session.objects.exists()


def test_an_account_that_staff_have_closed_stays_out(client, db, gateway):
    account = gateway.account()
    User.objects.create(pk=account["id"], username=account["id"], is_active=False)
    response = client.post(LOGIN, TOVE)
    assert (response.status_code, "has been closed" in response.content.decode()) == (422, True)
    assert not is_logged_in(client)


def test_staff_log_in_at_the_admin_and_nowhere_else(client, user, gateway):
    user.is_staff = True
    user.save()
    assert client.post(LOGIN, TOVE).status_code == 422
    response = client.post("/admin/login/?next=/admin/", {"username": "tove", "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200
    assert not gateway.of("GET", "/api/users/me/")


def test_nobody_logs_in_at_the_admin_with_an_account_of_the_shop(customer):
    user = User.objects.get()
    form = {"username": user.username, "password": PASSWORD}
    page = Client().post("/admin/login/", form)
    assert (page.status_code, user.has_usable_password()) == (200, False)


# -- An account that is gone -----------------------------------------------------------------------------------------


@pytest.fixture
def gone(receive):
    return lambda account_id: receive(UserDeleted(version=2, user_id=UUID(str(account_id))))


def test_an_account_that_is_deleted_is_forgotten_and_its_reviews_stay(customer, product, gone):
    customer.post("/products/oban-lamp-1/review/", {"rating": 5, "title": "Fine", "text": "A fine lamp."})
    assert "Tove" in Client().get("/products/oban-lamp-1/").content.decode()
    gone(User.objects.get().pk)
    page = Client().get("/products/oban-lamp-1/").content.decode()
    assert "Tove" not in page
    assert "A fine lamp." in page
    assert "<span>Former customer, " in page
    user = User.objects.get()
    assert (user.email, user.first_name, user.last_name) == ("", "Former customer", "")


def test_its_sessions_end(customer, gone):
    assert is_logged_in(customer)
    gone(User.objects.get().pk)
    assert not is_logged_in(customer)


def test_a_login_that_was_under_way_makes_it_not_known_again(client, gateway, gone):
    """Also one that the shop had never seen."""
    account = gateway.account()
    gone(account["id"])
    assert client.post(LOGIN, TOVE).status_code == 422
    assert (User.objects.get().email, User.objects.get().first_name) == ("", "Former customer")


def test_nobody_else_is_forgotten(customer, gone):
    gone(uuid7())
    assert is_logged_in(customer)
    assert User.objects.filter(email="tove@example.com", first_name="Tove", is_active=True).exists()


# -- Tokens -----------------------------------------------------------------------------------------------------------


def test_no_token_is_in_a_cookie_or_a_page(client, product, gateway):
    gateway.account()
    response = client.post(LOGIN, TOVE)
    pages = [response] + [
        client.get(path) for path in ("/", "/cart/", "/orders/", "/checkout/", "/products/oban-lamp-1/")
    ]
    seen = "".join(f"{page.content!r} {page.headers} {page.cookies}" for page in pages)
    assert not [token for token in (*gateway.access, *gateway.refresh) if token in seen]
    assert not re.search(r"eyJ[\w-]+\.eyJ|access-|refresh-", seen)  # `eyJ` alone may be in any random word


def test_a_page_writes_no_session_when_a_token_has_run_out(customer, gateway):
    caches["sessions"].clear()
    before = Session.objects.get().session_data
    assert customer.get("/orders/").status_code == 200
    assert [one.path for one in gateway.asked] == ["/api/auth/refresh/", "/api/orders/"]
    assert Session.objects.get().session_data == before
    customer.get("/orders/")
    assert len(gateway.of("POST", "/api/auth/refresh/")) == 1, "the new one is kept"


def test_a_token_that_is_refused_is_renewed_once(customer, gateway):
    gateway.access.clear()
    assert customer.get("/orders/").status_code == 200
    assert [one.path for one in gateway.asked] == ["/api/orders/", "/api/auth/refresh/", "/api/orders/"]


@pytest.mark.parametrize(
    ("later", "first", "status"), [(500, "orders", 200), (700, "auth/refresh", 200), (901, "auth/refresh", 503)]
)
def test_a_token_is_renewed_early_and_used_when_it_cannot_be(customer, gateway, monkeypatch, later, first, status):
    monkeypatch.setattr(tokens, "time", SimpleNamespace(time=lambda: time.time() + later))
    gateway.script("POST", "/api/auth/refresh/", (503, {}, {"Retry-After": "5"}))
    assert customer.get("/orders/").status_code == status
    assert gateway.asked[0].path == f"/api/{first}/"


def test_who_is_not_known_any_more_logs_in_again(customer, gateway):
    gateway.access.clear()
    gateway.refresh.clear()
    response = customer.get("/orders/?page=2")
    assert response["Location"] == "/accounts/login/?next=/orders/%3Fpage%3D2"
    assert not is_logged_in(customer)


def test_staff_have_no_orders_and_stay_logged_in(member, gateway):
    assert member.get("/orders/")["Location"] == "/accounts/login/?next=/orders/"
    assert is_logged_in(member)
    assert not gateway.asked


# -- What is refused --------------------------------------------------------------------------------------------------


def refused(response, status, words, field=None):
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    if field:
        assert f'id="id_{field}_error"' in page
        assert re.search(rf'<input[^>]*name="{field}"[^>]*aria-invalid="true"', page)
        assert re.search(rf'<input[^>]*aria-describedby="[^"]*id_{field}_error', page)
    return response


def test_a_wrong_login(client, db, gateway):
    gateway.account()
    for form in (TOVE | {"password": "wrong"}, TOVE | {"email": "olaf@example.com"}):
        page = refused(client.post(LOGIN, form), 422, "do not belong together")
        assert form["email"] in page.content.decode()
        assert form["password"] not in page.content.decode()
    assert not User.objects.exists()


def test_an_address_that_is_taken(client, db, gateway):
    gateway.account(NEW["email"])
    refused(client.post(REGISTER, NEW), 422, "There is an account with this address already", "email")
    assert not User.objects.exists()


def test_a_password_that_is_too_simple(client, db, gateway):
    refused(client.post(REGISTER, NEW | {"password": "short"}), 422, "This password is too short.", "password")
    assert not User.objects.exists()


def test_a_refusal_of_nothing_in_particular_is_said_too(client, db, gateway):
    gateway.script("POST", "/api/users/", (403, {"detail": "Nobody registers on Sundays."}, {}))
    refused(client.post(REGISTER, NEW), 422, "Nobody registers on Sundays.")
    odd = [{"field": "planet", "detail": "No such planet."}]
    gateway.script("POST", "/api/users/", (400, {"errors": odd}, {}))
    refused(client.post(REGISTER, NEW), 422, "No such planet.")


@pytest.mark.parametrize(
    ("seconds", "words"), [("40", "in 40 seconds"), ("600", "in 10 minutes"), ("", "in 60 seconds")]
)
def test_too_many_attempts_say_for_how_long(client, db, gateway, seconds, words):
    for path, form in ((LOGIN, TOVE), (REGISTER, NEW)):
        gateway.script("POST", "/api/users/", (201, gateway.account(), {}))
        gateway.script("POST", "/api/auth/token/", (429, {"detail": "Too many."}, {"Retry-After": seconds}))
        response = refused(client.post(path, form), 429, words)
        assert response["Retry-After"] == seconds or seconds == ""
        gateway.scripts.clear()


@pytest.mark.parametrize(
    "form", [{}, {"email": "no", "password": "x"}, {"email": "a@b.example", "password": "x" * 257}]
)
@pytest.mark.parametrize("path", [LOGIN, REGISTER])
def test_a_form_that_does_not_fit_is_not_sent_on(client, db, gateway, path, form):
    assert client.post(path, form).status_code == 422
    assert not gateway.asked


def test_a_name_of_any_length_and_kind(client, db, gateway):
    assert client.post(REGISTER, NEW | {"name": "x" * 121}).status_code == 422
    assert not gateway.asked
    assert client.post(REGISTER, NEW | {"name": "<b>Bo</b>"}).status_code == 302
    assert "Hello, &lt;b&gt;Bo&lt;/b&gt;" in client.get("/").content.decode()


@pytest.mark.parametrize("away", ["nobody", "no address", 500, 502, 503, "gone", "nonsense"])
@pytest.mark.parametrize(("path", "form"), [(LOGIN, TOVE), (REGISTER, NEW)])
def test_when_accounts_are_away_logging_in_says_so(request, client, product, away, path, form):
    if away != "no address":
        stub = request.getfixturevalue("nobody" if away == "nobody" else "gateway")
    if away not in ("nobody", "no address"):
        given = {"gone": "gone", "nonsense": (200, b"<html>", {})}.get(away, (away, {}, {}))
        for call in ("/api/users/", "/api/auth/token/"):
            stub.script("POST", call, *[given] * 2)
    client.post("/products/oban-lamp-1/add/", {"quantity": 2})
    response = refused(client.post(path, form), 503, "Logging in is not possible at the moment")
    assert response["Retry-After"] == "5"
    assert form["email"] in response.content.decode()
    assert Cart.objects.get().items.count() == 1
    assert not User.objects.exists()


def test_who_is_logged_in_goes_on_without_the_users_service(customer, gateway, product):
    for path in ("/api/auth/refresh/", "/api/auth/token/", "/api/users/me/"):
        gateway.script("POST", path, *[(503, {}, {"Retry-After": "5"})] * 9)
    form = {"rating": 5, "title": "Fine", "text": "Still here."}
    assert customer.post("/products/oban-lamp-1/review/", form).status_code == 302
    assert customer.post("/products/oban-lamp-1/add/", {"quantity": 1}).status_code == 302
    assert customer.get("/orders/").status_code == 200
    assert Review.objects.get().author.first_name == "Tove"


def test_forms_are_labelled(client, db):
    for path, names in ((LOGIN, ["email", "password"]), (REGISTER, ["email", "name", "password"])):
        page = client.get(path).content.decode()
        for name in names:
            assert f'<label for="id_{name}">' in page
        assert 'aria-describedby="id_password_helptext"' in page or path == LOGIN


def test_a_guests_cart_cookie_is_signed(client, product, gateway):
    """Nobody takes another's cart along by naming it."""
    gateway.account()
    client.post("/products/oban-lamp-1/add/", {"quantity": 2})
    other = Client()
    other.cookies["cart"] = Signer(salt="other").sign(str(Cart.objects.get().pk))
    assert other.post(LOGIN, TOVE).status_code == 400
