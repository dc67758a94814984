"""Nothing behind the edge: known pages come from its cache, all else is an error that says when to come again."""

import uuid

import pytest
from loadtest.shop import CART, PRODUCT
from stack.engine import containers, docker
from stack.servers import until
from stack.whole import make_whole

ORIGINS = {"both balancers": ("haproxy-1", "haproxy-2"), "every replica": ("web",)}


@pytest.fixture
def start_again():
    yield
    make_whole()


@pytest.fixture(params=ORIGINS)
def without_origin(request, edge, slugs, start_again):
    """-> a page that the edge knows, with all containers of one tier killed."""
    page = f"{PRODUCT.format(slugs[5])}?known={uuid.uuid4().hex}"
    assert edge.request("GET", page)["X-Cache"] == "MISS"
    docker("kill", *[c.id for service in ORIGINS[request.param] for c in containers(service)])
    return page


def test_without_an_origin(without_origin, edge, account):
    def stale():
        answer = edge.request("GET", without_origin)
        assert answer.status == 200, answer.status
        return answer["X-Cache"] == "STALE" and answer

    known = until(stale, 40, "the known page, stale")
    assert "</html>" in known.text
    assert edge.request("GET", without_origin)["X-Cache"] == "STALE", "and again"
    assert_sorry(edge.request("GET", f"{PRODUCT.format('any')}?unknown={uuid.uuid4().hex}"))
    assert_sorry(account.get(CART))
    health = edge.request("GET", "/health/")
    assert health.status == 503
    assert health["Content-Type"].startswith("application/json")
    assert health.json()["status"] == "unhealthy"


def assert_sorry(answer):
    """The edge's own page: readable, styled, with the request id and the time to come again."""
    assert answer.status == 503
    assert int(answer["Retry-After"]) >= 1
    assert answer["Content-Type"].startswith("text/html")
    assert "<style nonce=" in answer.text
    assert "short break" in answer.text
    assert answer["X-Request-ID"] in answer.text


def test_it_is_whole_again_afterwards(edge, account):
    """The last kill is over: pages of one's own come, and the check is content."""
    assert account.get(CART).status == 200
    assert edge.request("GET", "/health/").status == 200
