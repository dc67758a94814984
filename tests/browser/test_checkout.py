"""Buying something in a browser: the page of the order shows what becomes of it while one looks, without a reload."""

import re

from loadtest.shop import CART, CHECKOUT, ORDERS, PRODUCT, REGISTER, product_slugs

from tests.browser.test_journey import register

ORDER = re.compile(r"/orders/[0-9a-f-]{36}/$")


def test_an_order_is_followed_and_cancelled(shop, edge):
    page = shop.page
    shop.go(REGISTER)
    register(page)
    shop.go(PRODUCT.format(product_slugs(edge, 8)[7]))
    heading = page.locator("h1").inner_text()
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url(lambda url: CART in url)
    page.get_by_role("link", name="Order", exact=True).click()
    page.wait_for_url(lambda url: CHECKOUT in url)
    assert heading in page.locator("main").inner_text()
    shop.keep(f"checkout-{shop.size}")

    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url(ORDER)
    loads = len(shop.served_by)
    page.locator(".state.confirmed").wait_for()
    assert len(shop.served_by) == loads, "shown by the script, not by loading the page again"
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 1
    shop.keep(f"order-{shop.size}")

    page.get_by_role("button", name="Cancel the order").click()
    page.locator(".state.cancelled").wait_for()
    page.locator(".menu summary").click()
    page.locator(".menu").get_by_role("link", name="Your orders").click()
    page.wait_for_url(lambda url: url.endswith(ORDERS))
    assert page.locator(".orders .state").inner_text() == "Cancelled"
    shop.keep(f"orders-{shop.size}")
