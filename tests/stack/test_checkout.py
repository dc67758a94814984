"""A customer buys something, through the edge, as a browser would; and what they see when a service is away."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from loadtest.shop import CART, CHECKOUT, HOME, LOGIN, ORDERS, PRODUCT, is_done
from stack.engine import containers, docker
from stack.servers import sql, until, value
from stack.whole import make_whole

from tests.stack.test_events import change, of_shop, products_of, stock_of

STOCK = 50


@pytest.fixture(scope="module")
def slug(slugs) -> str:
    """One that these tests sell."""
    return slugs[6]


@pytest.fixture
def product(slug) -> str:
    """Its id; there are 50 of it, and the shop knows."""
    (id,) = products_of([slug])
    change(id, stock=STOCK)
    until(lambda: of_shop(id, "stock") == str(STOCK), 15, "the stock in the shop")
    return id


@pytest.fixture
def buyer(make_account, slug, product):
    """A new account with three of the product in its cart."""
    buyer = make_account()
    assert is_done(buyer.cart_add(slug, 3))
    return buyer


@pytest.fixture
def away():
    """away(service) stops it; at the end all is there again."""
    yield lambda service: docker("stop", "-t", "5", *[one.id for one in containers(service)])
    make_whole()


def placed(answer) -> str:
    """The path of the order that a checkout has led to."""
    assert answer.status == 302, f"{answer.status}: {answer.text[:300]}"
    assert re.fullmatch(r"/orders/[0-9a-f-]{36}/", answer["Location"])
    return answer["Location"]


def become(buyer, path: str, status: str, seconds=15) -> None:
    until(lambda: buyer.order(path).json()["status"] == status, seconds, f"the order {status}")


def in_cart(buyer, slug: str) -> bool:
    return PRODUCT.format(slug) in buyer.get(CART).text


def orders_of(buyer) -> list[str]:
    user = sql(f"SELECT id FROM web_user WHERE first_name = '{buyer.name}'")[0][0]
    return [row[0] for row in sql(f"SELECT id FROM orders_order WHERE user_id = '{user}'", database="orders")]


def assert_kept(buyer, slug: str, answer) -> None:
    """The cart says so, with the right status, and has everything."""
    assert answer.status == 503, answer.text[:300]
    assert answer["Retry-After"]
    assert "Orders cannot be taken at the moment" in answer.text
    assert in_cart(buyer, slug)


# -- Buying ------------------------------------------------------------------------------------------------------------


def test_an_order_is_confirmed_and_its_stock_comes_back_when_it_is_cancelled(buyer, slug, product):
    shown = buyer.get(CHECKOUT).text
    assert PRODUCT.format(slug) not in shown, "a summary, nothing to wander off to"
    assert "\N{MULTIPLICATION SIGN} 3" in shown
    path = placed(buyer.checkout())
    assert "Nothing in it yet" in buyer.get(CART).text
    assert path in buyer.get(ORDERS).text
    become(buyer, path, "confirmed")
    assert '<span class="state confirmed">' in buyer.get(path).text
    assert stock_of(product) == STOCK - 3
    until(lambda: f"{STOCK - 3} in stock" in buyer.get(PRODUCT.format(slug)).text, 15, "the stock on the page")
    assert buyer.cancel(path)["Location"] == path
    assert "Cancelled" in buyer.get(path).text
    until(lambda: stock_of(product) == STOCK, 15, "the stock given back")


def test_an_order_for_more_than_there_is_says_so(buyer, product):
    change(product, stock=2)
    path = placed(buyer.checkout())
    become(buyer, path, "rejected")
    assert "Not possible" in buyer.get(path).text
    assert stock_of(product) == 2


def test_the_same_form_sent_eight_times_at_once_is_one_order(buyer, product):
    cart = re.search(r'name="cart" value="([^"]+)"', buyer.get(CHECKOUT).text)[1]
    buyer.csrf = buyer.form_token()["csrf_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: buyer.send(CHECKOUT, {"cart": cart}), range(8)))
    (path,) = {placed(answer) for answer in answers}
    become(buyer, path, "confirmed")
    assert len(orders_of(buyer)) == 1
    assert stock_of(product) == STOCK - 3
    assert placed(buyer.send(CHECKOUT, {"cart": cart})) == path, "and a minute later too"


def test_an_order_is_its_buyers_alone(buyer, account):
    path = placed(buyer.checkout())
    assert account.get(path).status == 404
    assert account.cancel(path).status == 404
    assert path not in account.get(ORDERS).text


def test_a_price_of_the_clients_changes_nothing(buyer, product):
    change(product, price_cents=12_300)
    until(lambda: of_shop(product, "price_cents") == "12300", 15, "the price in the shop")
    of_orders = f"SELECT price_cents FROM orders_product WHERE id = '{product}'"
    until(lambda: value(of_orders, database="orders") == "12300", 15, "the price that orders are taken at")
    cart = re.search(r'name="cart" value="([^"]+)"', buyer.get(CHECKOUT).text)[1]
    fields = {"cart": cart, "price_cents": 1, "total_cents": 1}
    path = placed(buyer.send(CHECKOUT, fields))
    until(lambda: "€369.00" in buyer.get(path).text, 15, "the total of three")


# -- A service is away -------------------------------------------------------------------------------------------------


def test_without_orders_the_cart_says_so_and_keeps_everything(buyer, slug, away):
    away("orders")
    assert_kept(buyer, slug, buyer.checkout())
    assert buyer.get(ORDERS).status == 503
    assert is_done(buyer.cart_add(slug)), "the cart goes on"
    make_whole()
    become(buyer, placed(buyer.checkout()), "confirmed")


def test_without_products_browsing_and_ordering_go_on(buyer, guest, slug, away):
    away("products")
    for path in (HOME, PRODUCT.format(slug), CART):
        assert guest.get(f"{path}?fresh={buyer.name}").status == 200, path
    path = placed(buyer.checkout())
    assert buyer.order(path).json()["status"] in ("pending", "confirmed"), "the worker may be there without the service"
    make_whole()
    become(buyer, path, "confirmed", 60)


def test_without_users_who_is_logged_in_goes_on(buyer, guest, slug, away):
    away("users")
    answer = guest.login(buyer.name)
    assert (answer.status, "Logging in is not possible at the moment" in answer.text) == (503, True)
    assert buyer.name in buyer.get(CART).text
    assert is_done(buyer.review(slug, "without the users service"))
    become(buyer, placed(buyer.checkout()), "confirmed")
    make_whole()
    assert is_done(guest.login(buyer.name))


def test_without_the_gateway_the_shop_is_open(buyer, guest, slug, away):
    away("gateway")
    assert_kept(buyer, slug, buyer.checkout())
    assert guest.login(buyer.name).status == 503
    assert guest.get(LOGIN).status == 200
    assert is_done(guest.cart_add(slug))
    make_whole()
    become(buyer, placed(buyer.checkout()), "confirmed")
