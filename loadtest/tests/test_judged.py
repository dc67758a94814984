"""What a response amounts to: a wrong page is an error whatever its status, a refusal is told apart from a failure."""

import pytest

from loadtest.judged import form, page
from loadtest.outcome import REFUSED, WRONG

from .cardboard import response

CART = b"<h1>Your cart</h1></html>"


def test_a_whole_page_is_good():
    answer = page(response(200, CART, X_Served_By="web-2", X_Cache="MISS"), "cart", "<h1>Your cart")
    assert (answer.status, answer.step, answer.replica, answer.cached) == (200, "cart", "web-2", False)
    assert answer.detail == ""


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (response(200, b"<h1>Your cart"), "half a page"),
        (response(200, b"<h1>Log in</h1></html>"), "a page without <h1>Your cart"),
        (response(302, Location="/accounts/login/"), "302 /accounts/login/"),
    ],
)
def test_another_page_than_asked_for_is_wrong_whatever_its_status(got, said):
    answer = page(got, "cart", "<h1>Your cart")
    assert (answer.status, answer.detail) == (WRONG, said)


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (response(200, b"<html>the form again</html>"), "200 no effect"),
        (response(302, Location="/accounts/login/?next=/"), "302 /accounts/login/?next=/ no effect"),
    ],
)
def test_a_form_without_effect_is_wrong(got, said):
    answer = form(got, "review")
    assert (answer.status, answer.detail) == (WRONG, said)


@pytest.mark.parametrize(
    ("got", "refused"),
    [
        (response(503, Retry_After="5"), True),
        (response(429, Retry_After="1"), True),
        (response(503), False),
        (response(503, Retry_After="soon"), False),
        (response(502, Retry_After="5"), False),
    ],
)
@pytest.mark.parametrize("kind", [page, form])
def test_only_a_refusal_that_says_when_to_come_again_is_one(got, refused, kind):
    answer = kind(got, "cart")
    assert answer.status == got.status
    assert answer.detail.startswith(REFUSED) is refused
