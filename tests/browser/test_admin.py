"""The staff's pages are Django's own and obey the shop's policy: `shop` fails on any complaint of the browser."""

import pytest
from stack.engine import secret

from tests.browser.conftest import ORIGIN

POLICY = "default-src 'none'; script-src 'self'"
NAME = "admin"


@pytest.fixture
def staff(shop):
    """Logged in with the generated password."""
    shop.go("/admin/")
    page = shop.page
    page.locator("#id_username").fill(NAME)
    page.locator("#id_password").fill(secret("django_admin"))
    page.locator("input[type=submit]").click()
    page.wait_for_url(f"{ORIGIN}/admin/")
    return shop


def look(shop, path):
    answer = shop.go(path)
    shop.page.wait_for_load_state("networkidle")
    assert answer.status == 200, path
    policy = " ".join(answer.headers["content-security-policy"].split())
    assert policy.startswith(POLICY), "without the policy nothing is proved"
    return shop.page


def test_a_list_is_searched_and_filtered(staff):
    page = look(staff, "/admin/web/product/?q=lamp")
    assert page.locator("#result_list tbody tr").count() > 1
    look(staff, "/admin/web/product/?featured__exact=1")


def test_a_product_is_opened_and_only_looked_at(staff):
    """It belongs to the products service."""
    page = look(staff, "/admin/web/product/")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_url(lambda url: "/change/" in url)
    page.wait_for_load_state("networkidle")
    assert page.locator(".field-slug .readonly").inner_text()
    assert page.locator("input[name=_save]").count() == 0


def test_the_scripts_of_a_form_run(staff):
    """A product of a cart is found by typing."""
    page = look(staff, "/admin/web/cart/add/")
    page.get_by_text("Add another Cart item").click()
    page.locator("#id_items-0-product + .select2").click()
    page.locator(".select2-search__field").press_sequentially("lamp")
    assert page.locator(".select2-results__option", has_text="Lamp").first.inner_text()


@pytest.mark.parametrize("path", ["", "web/user/", "web/user/add/", "web/review/", "web/cart/add/", "password_change/"])
def test_pages_obey_the_policy(staff, path):
    look(staff, f"/admin/{path}")


def test_an_account_is_opened(staff):
    """Dates, times and the boxes that move permissions between two lists: the admin's largest scripts."""
    page = look(staff, f"/admin/web/user/?q={NAME}")
    with page.expect_navigation(wait_until="networkidle"):
        page.locator("#result_list tbody th a").first.click()
    assert page.locator(".selector-available select, .selector select").first.is_visible()
