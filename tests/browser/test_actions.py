"""What a person does twice counts twice, what is only sent twice counts once: Back, and an impatient finger."""

import pytest
from loadtest.shop import CART, HOME, PRODUCT, REGISTER, product_slugs

from tests.browser.test_journey import register

COUNT = "main .lines input[name=quantity]"


@pytest.fixture(params=["public page", "page of one's own"])
def product(request, shop, edge):
    """The path of a product, and a visitor who sees the cacheable page of it, or who has one of their own."""
    if request.param != "public page":
        shop.go(REGISTER)
        register(shop.page)
    path = PRODUCT.format(product_slugs(edge, 5)[4])
    shop.go(path)
    return path


def add(page):
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url(lambda url: CART in url)


def in_cart(page) -> int:
    return int(page.locator(COUNT).input_value())


def back_to(page, path):
    page.go_back()
    page.wait_for_url(lambda url: path in url)


def test_add_back_and_add_again(shop, product):
    page = shop.page
    add(page)
    assert in_cart(page) == 1
    for expected in (2, 3):
        back_to(page, product)
        add(page)
        assert in_cart(page) == expected


def test_back_to_the_cart_and_another_quantity(shop, product):
    """A form of the cart: the same page of the browser's history, another wish."""
    page = shop.page
    add(page)
    for wanted in ("5", "7", "5"):
        page.locator(COUNT).fill(wanted)
        with page.expect_navigation():
            page.get_by_role("button", name="Update").click()
        shop.go(HOME)
        page.go_back()
        page.wait_for_url(lambda url: CART in url)
        shop.go(CART)
        assert in_cart(page) == int(wanted)


def test_a_double_click_adds_one(shop, product):
    page = shop.page
    page.get_by_role("button", name="Add to cart").dblclick()
    page.wait_for_url(lambda url: CART in url)
    page.wait_for_load_state("networkidle")
    shop.go(CART)
    assert in_cart(page) == 1


def test_the_form_sent_twice_by_script_adds_one(shop, product):
    """Faster than any finger: both are sent before the first has an answer."""
    page = shop.page
    page.evaluate(
        "() => { const form = document.querySelector('form.buy'); form.requestSubmit(); form.requestSubmit(); }"
    )
    page.wait_for_url(lambda url: CART in url)
    page.wait_for_load_state("networkidle")
    shop.go(CART)
    assert in_cart(page) == 1
