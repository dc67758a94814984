"""A person in the shop, on a desktop and on a phone: search, look, register, review, cart; by mouse and by keyboard."""

import re
import uuid

from loadtest.shop import CART, HOME, LOGIN, PASSWORD, PRODUCT, REGISTER, SEARCH, email, product_slugs


def register(page):
    name = f"person-{uuid.uuid4().hex[:10]}"
    page.get_by_label("Email").fill(email(name))
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name=re.compile("open the account", re.I)).click()
    page.wait_for_url(lambda url: REGISTER not in url)
    return name


def test_search_review_and_cart(shop):
    page = shop.page
    shop.go(HOME)
    shop.keep(f"home-{shop.size}")

    # Search, and open what was found.
    box = page.get_by_role("searchbox").first
    box.fill("lamp")
    box.press("Enter")
    page.wait_for_url(lambda url: SEARCH in url)
    page.locator("main a[href^='/products/']").first.click()
    page.wait_for_url(lambda url: "/products/" in url)
    product = re.search(r"(/products/[\w-]+/)", page.url).group(1)
    heading = page.locator("h1").inner_text()

    # An account, then a review of that product.
    shop.go(REGISTER)
    name = register(page)
    shop.go(product)
    page.get_by_label("Your rating").select_option("5")
    page.get_by_label("Headline").fill(f"Bought by {name}")
    page.get_by_label("Your review").fill("Just right. <b>Really.</b>")
    page.get_by_role("button", name="Publish review").click()
    page.wait_for_url(lambda url: url.endswith("#reviews"))
    assert page.get_by_text(f"Bought by {name}").first.is_visible()
    assert page.get_by_text("<b>Really.</b>").first.is_visible(), "markup is shown as text"
    shop.keep(f"product-{shop.size}")

    # The cart.
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url(lambda url: CART in url)
    assert heading in page.locator("main").inner_text()
    shop.keep(f"cart-{shop.size}")

    # Enough page views to see that more than one replica had a hand in it: nothing stuck to one.
    for _ in range(6):
        shop.go(CART)
        assert heading in page.locator("main").inner_text()
    assert len({replica for replica in shop.served_by if replica}) >= 2, shop.served_by


def told(page) -> dict[str, str]:
    return {
        name: page.locator(f"#served [data-served={name}]").inner_text()
        for name in ("replica", "db", "cache", "edge", "app")
    }


def test_the_bar_at_the_foot_tells_who_served_the_page(shop):
    """The first view comes from a replica, with its time; the second from the edge, where nobody else did anything."""
    page = shop.page
    shop.go(f"{SEARCH}?q={uuid.uuid4().hex[:12]}")
    first, maker = told(page), shop.served_by[-1]
    assert first["edge"] == "MISS", first
    assert maker
    assert first["replica"] == maker, first
    assert first["app"].endswith("ms"), first

    page.reload()
    again = told(page)
    assert again["edge"] in ("HIT", "STALE"), again
    assert again["replica"] == f"none now, made by {maker}", "the page is the first visitor's, and says so"
    assert not re.search(r"\d", again["db"] + again["cache"] + again["app"]), f"the first visitor's numbers: {again}"


def test_the_bar_of_a_page_of_ones_own(shop, edge):
    page = shop.page
    shop.go(PRODUCT.format(product_slugs(edge, 3)[2]))
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url(lambda url: CART in url)
    bar = told(page)
    assert bar["edge"] in ("BYPASS", "MISS"), bar
    assert bar["replica"] == shop.served_by[-1], bar
    assert bar["app"].endswith("ms"), bar


def test_a_guest_fills_a_cart_without_an_account(shop, edge):
    page = shop.page
    shop.go(PRODUCT.format(product_slugs(edge, 3)[2]))
    heading = page.locator("h1").inner_text()
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url(lambda url: CART in url)
    assert heading in page.locator("main").inner_text()


def test_everything_can_be_reached_by_keyboard(shop):
    """Tab visits, in a sensible order and visibly, at least: skip link or logo, search, cart, login."""
    page = shop.page
    shop.go(HOME)
    visited = []
    for _ in range(40):
        page.keyboard.press("Tab")
        visited.append(page.evaluate(FOCUS))
    names = " | ".join(f"{one['name']} {one['href']}" for one in visited)
    assert "search" in names.lower(), names
    assert CART in names, names
    assert LOGIN in names or shop.size == "phone", names
    unseen = [one["name"] for one in visited if not one["outlined"]]
    assert not unseen, f"focus is invisible on {unseen}"


FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    const label = at.labels && at.labels.length ? at.labels[0].innerText : '';
    return {
        name: (at.getAttribute('aria-label') || label || at.innerText || at.name || at.tagName).trim(),
        href: at.getAttribute('href') || '',
        outlined: at === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none',
    };
}"""


def test_fields_have_labels_and_pictures_have_texts(shop):
    for path in (HOME, LOGIN, REGISTER, CART):
        shop.go(path)
        assert shop.page.evaluate(UNLABELLED) == [], path
        assert shop.page.locator("h1").count() == 1, f"{path}: one main heading"
        assert shop.page.locator("main").count() == 1, path


UNLABELLED = """() => [
    ...[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
        .filter(field => !field.labels.length && !field.getAttribute('aria-label')),
    ...[...document.querySelectorAll('img:not([alt])')],
    ...[...document.querySelectorAll('button, a')].filter(
        one => !one.innerText.trim() && !one.getAttribute('aria-label') && one.offsetParent
            && !one.querySelector('img[alt]:not([alt=""])')),
].map(one => one.outerHTML.slice(0, 120))"""


def test_nothing_is_wider_than_the_screen(shop):
    for path in (HOME, f"{SEARCH}?q=lamp", CART, LOGIN):
        shop.go(path)
        wide = shop.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 1, f"{path} scrolls sideways by {wide} px at {shop.size}"


def test_text_stands_out_from_its_background(shop):
    """WCAG AA: 4.5 to 1, for large text 3 to 1; measured on plain backgrounds."""
    for path in (HOME, CART, LOGIN):
        shop.go(path)
        assert shop.page.evaluate(FAINT) == [], path


FAINT = """() => {
    const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = one => {
        for (; one; one = one.parentElement) {
            const style = getComputedStyle(one), colour = parse(style.backgroundColor);
            if (style.backgroundImage !== 'none') return null;
            if (colour.length === 3 || colour[3] === 1) return colour;
            if (colour[3] > 0) return null;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const one of document.querySelectorAll('body *')) {
        const own = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!own || !one.offsetParent) continue;
        const style = getComputedStyle(one), back = behind(one), colour = parse(style.color);
        if (!back || !style.color.startsWith('rgb') || (colour[3] ?? 1) < 1) continue;
        const [a, b] = [light(colour), light(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) faint.push(`${one.tagName} "${one.innerText.slice(0, 30)}" ${ratio.toFixed(2)}`);
    }
    return faint.slice(0, 10);
}"""
