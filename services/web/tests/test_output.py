"""What is shown of what people wrote; how money and stars read."""

from xml.etree import ElementTree

import pytest

from web.pictures import MOTIFS, picture_svg
from web.services import review_create
from web.templatetags.shop import in_stock, price, stars


def test_markup_in_a_review_is_text(client, product, user):
    text = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> & more"
    review_create(product=product, author=user, rating=1, title="<b>bold</b>", text=text)
    page = client.get("/products/oban-lamp-1/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_markup_in_a_search_is_text(client, category):
    page = client.get('/search/?q="><script>x</script>').content.decode()
    assert "<script>x" not in page


@pytest.mark.parametrize(("cents", "text"), [(0, "€0.00"), (1290, "€12.90"), (123405, "€1,234.05")])
def test_price(cents, text):
    assert price(cents) == text


@pytest.mark.parametrize(("count", "text"), [(0, "Sold out"), (1, "1 in stock"), (1200, "1,200 in stock")])
def test_stock(count, text):
    assert in_stock(count) == text


def test_stars():
    assert 'stars-9" role="img" aria-label="4.4 of 5 stars"' in stars(4.4, 12)
    assert "No reviews yet" in stars(None, 0)
    assert stars(None) == ""


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_picture_is_small_well_formed_and_its_own(motif):
    first, second = picture_svg(motif, "one"), picture_svg(motif, "two")
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert first != second
    assert first == picture_svg(motif, "one")
    assert len(first) < 6000
    assert "style=" not in first
