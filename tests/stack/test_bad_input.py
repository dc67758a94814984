"""What nobody should send: each gets its right 4xx, never a 500; it is logged by its id; nothing is written."""

import re
import socket
import ssl
import time
import uuid

import pytest
from loadtest.edge import Edge
from loadtest.shop import CART, CART_ADD, HOME, PRODUCT, REVIEW, SEARCH
from stack.engine import SITE_HOST, logs
from stack.servers import sql, until

TABLES = ("web_review", "web_cartitem", "web_cart", "web_user", "web_product", "web_category")


def contents() -> list[list[str]]:
    return sql("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES))


@pytest.fixture(scope="module")
def category(edge) -> str:
    return re.search(r'href="(/categories/[\w-]+/)"', edge.request("GET", HOME).text).group(1)


@pytest.fixture
def nothing_written(account):
    before = contents()
    yield
    assert contents() == before


def assert_logged(answer, status):
    request_id = answer["X-Request-ID"]
    assert request_id, "the answer names no request id"
    until(
        lambda: [s for s in logs("nginx", "1m").splitlines() if request_id in s and f'"status":{status}' in s],
        5,
        "a log line",
    )


def assert_refused(answer, expected):
    assert answer.status == expected, f"{answer.status}: {answer.text[:200]}"
    assert "Traceback" not in answer.text
    assert_logged(answer, answer.status)


# -- Addresses, headers, methods ---------------------------------------------------------------------------------------

READS = {
    "over-long URL": ("GET", "/" + "a" * 9000, {}, 414),
    "over-long header": ("GET", HOME, {"X-Long": "a" * 9000}, 431),
    "many long headers": ("GET", HOME, {f"X-{n}": "a" * 7000 for n in range(5)}, 431),
    "bad method": ("BREW", HOME, {}, 405),
    "method of another page": ("DELETE", CART, {}, 403),
    "post to a page that is only read": ("POST", HOME, {}, 403),
    "broken UTF-8 in the query": ("GET", f"{SEARCH}?q=%ff%fe", {}, 400),
    "a null character": ("GET", f"{SEARCH}?q=%00", {}, 400),
    "page -1": ("GET", "{category}?page=-1", {}, 404),
    "page 10**9": ("GET", "{category}?page=1000000000", {}, 404),
    "page that is no number": ("GET", "{category}?page=abc", {}, 404),
    "search for 10 kB": ("GET", f"{SEARCH}?q=" + "b" * 10_000, {}, 414),
    "search for 5 kB": ("GET", f"{SEARCH}?q=" + "b" * 5_000, {}, 414),
    "an unknown product": ("GET", PRODUCT.format("no-such-thing"), {}, 404),
    "an unknown category": ("GET", "/categories/no-such-thing/", {}, 404),
    "a path upwards": ("GET", "/static/../../etc/passwd", {}, 400),
    "markup in the path": ("GET", "/%3Cscript%3Ealert(1)%3C/script%3E/", {}, 404),
    "a cart cookie of nonsense": ("GET", CART, {"Cookie": "cart=nonsense"}, 400),
    "a cart cookie signed by somebody else": ("GET", CART, {"Cookie": f"cart={uuid.uuid4()}:forged"}, 400),
    "a session of nonsense": ("GET", CART, {"Cookie": "sessionid=../../etc"}, 400),
    "an order of nobody": ("GET", "/orders/1/", {}, 404),
    "a consistency cookie of nonsense": ("GET", CART, {"Cookie": "consistency=nonsense"}, 200),
}


@pytest.mark.parametrize("case", READS)
def test_reading(edge, category, nothing_written, case):
    method, path, headers, expected = READS[case]
    answer = edge.request(method, path.replace("{category}", category), headers=headers)
    assert_refused(answer, expected)


def test_a_body_that_is_too_large(account, slugs, nothing_written):
    """nginx says so before anybody behind it reads a byte."""
    answer = account.review(slugs[0], "too large", text="x" * 1_100_000)
    assert_refused(answer, 413)


def test_a_refused_body_spoils_no_connection(guest):
    """Refused before it was read, a body must not be taken for the next request, nor block whoever comes next."""
    for _ in range(5):
        assert guest.post(REVIEW.format("any"), {"text": "x" * 990_000}).status == 403
        for _ in range(4):
            started = time.monotonic()
            assert guest.get(f"{CART}?fresh={uuid.uuid4().hex}").status == 200
            assert time.monotonic() - started < 10


def test_a_tampered_session_is_nobodys(make_account):
    account = make_account()
    session = account.cookies["sessionid"]
    account.cookies["sessionid"] = session[:-1] + ("a" if session[-1] != "a" else "b")
    answer = account.get(CART)
    assert answer.status == 200
    assert account.name not in answer.text


# -- Forms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rating", ["7", "0", "-1", "4.5", "", "٣", "NaN"])
def test_a_rating_that_is_none(account, slugs, nothing_written, rating):
    assert_refused(account.review(slugs[0], "rated", rating=rating), 422)


# The form judges all that the edge lets through.
@pytest.mark.parametrize(("size", "status"), [(5_001, 422), (500_000, 422), (1_000_000, 422)])
def test_a_review_that_is_too_long(account, slugs, nothing_written, size, status):
    assert_refused(account.review(slugs[0], "long", text="x" * size), status)


def test_markup_in_a_review_is_text(account, slug):
    """Not an error: people may write <b>. It is shown as they wrote it, and never as markup."""
    markup = f"<script>alert('{uuid.uuid4().hex}')</script>"
    assert account.review(slug, "markup", text=markup).status in (302, 303)
    page = account.get(PRODUCT.format(slug)).text
    assert markup not in page
    assert "&lt;script&gt;alert(" in page


def test_a_form_without_its_token(account, slugs, nothing_written):
    account.form_token()
    answer = account.post(REVIEW.format(slugs[0]), {"rating": 4, "title": "no token", "text": "none"})
    assert_refused(answer, 403)


def test_a_form_from_another_site(account, slugs, nothing_written):
    token = account.form_token()["csrf_token"]
    fields = {"csrfmiddlewaretoken": token, "rating": 4, "title": "forged", "text": "from elsewhere"}
    answer = account.post(REVIEW.format(slugs[0]), fields, headers={"Origin": "https://evil.example"})
    assert_refused(answer, 403)


def test_a_review_by_nobody(guest, slugs, nothing_written):
    assert_refused(guest.review(slugs[0], "by nobody"), 403)


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "1e3", "", "99999999999999999999"])
def test_a_quantity_that_is_none(account, slugs, nothing_written, quantity):
    assert_refused(account.cart_add(slugs[0], quantity), 422)


def test_a_product_that_is_none(account, nothing_written):
    assert_refused(account.send(CART_ADD.format("no-such-thing"), {"quantity": 1}), 404)
    assert_refused(account.review("no-such-thing", "about nothing"), 404)


@pytest.mark.parametrize("key", ["", " ", "x" * 5000, "\0", "'; DROP TABLE web_review; --"])
def test_a_request_key_of_nonsense(account, slug, key):
    """It may be refused or replaced, never be a 500."""
    answer = account.send(CART_ADD.format(slug), {"quantity": 1, "request_key": key})
    assert answer.status < 500
    assert_logged(answer, answer.status)


def test_an_address_that_is_taken(account, guest, nothing_written):
    assert_refused(guest.register(account.name), 422)


# -- Not even HTTP -----------------------------------------------------------------------------------------------------


def raw(edge: Edge, data: bytes) -> bytes:
    """The first part of what the edge answers to these bytes, or nothing when it hangs up."""
    context = ssl.create_default_context(cafile=edge.ca)
    with (
        socket.create_connection((edge.address, edge.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=SITE_HOST) as tls,
    ):
        tls.sendall(data)
        return tls.recv(65536)


BROKEN = {
    "no HTTP at all": b"\x00\x01\x02\x03\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: %b\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: %b\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: %b\r\nContent-Length: -1\r\n\r\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_requests(edge, nothing_written, case):
    answer = raw(edge, BROKEN[case].replace(b"%b", SITE_HOST.encode()))
    assert answer.startswith(b"HTTP/1.1 4") or answer == b"", answer[:100]


# -- Sent twice --------------------------------------------------------------------------------------------------------


def reviews_titled(title: str) -> int:
    return int(sql(f"SELECT count(*) FROM web_review WHERE title = '{title}'")[0][0])


def test_a_form_sent_twice_is_one_review_and_the_same_answer(account, slug):
    title, key = f"twice {uuid.uuid4().hex}", str(uuid.uuid4())
    first, second = (account.review(slug, title, key=key) for _ in range(2))
    assert first.status == second.status in (302, 303)
    assert first["Location"] == second["Location"]
    assert reviews_titled(title) == 1


def test_a_form_sent_eight_times_at_once_is_one_review(account, slug):
    from concurrent.futures import ThreadPoolExecutor

    title, key = f"at once {uuid.uuid4().hex}", str(uuid.uuid4())
    account.csrf = account.form_token()["csrf_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: account.review(slug, title, key=key), range(8)))
    assert {answer.status for answer in answers} <= {302, 303}, [answer.status for answer in answers]
    assert reviews_titled(title) == 1


def test_one_key_of_two_people_is_two_requests(make_account, slug):
    """A key is its sender's own: nobody gets, or blocks, another's answer."""
    key = str(uuid.uuid4())
    one, other = make_account(), make_account()
    assert one.cart_add(slug, key=key).status in (302, 303)
    assert other.cart_add(slug, key=key).status in (302, 303)
    assert slug in other.get(CART).text


def quantities(account, slug) -> list[list[str]]:
    return sql(
        "SELECT i.quantity FROM web_cartitem i JOIN web_cart c ON c.id = i.cart_id JOIN web_user u ON u.id = c.owner_id"
        f" JOIN web_product p ON p.id = i.product_id WHERE u.first_name = '{account.name}' AND p.slug = '{slug}'"
    )


def test_a_cart_change_sent_twice_counts_once(account, slug):
    key = str(uuid.uuid4())
    for _ in range(3):
        account.cart_add(slug, key=key)
    assert quantities(account, slug) == [["1"]]


def test_two_forms_are_two_requests(account, slug):
    """The other way round: each form has a key of its own."""
    for _ in range(2):
        account.cart_add(slug)
    assert quantities(account, slug) == [["2"]]
