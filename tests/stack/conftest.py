"""The stack as the tests meet it: from the tools container, on the edge network, at the address without limits."""

import uuid

import pytest
from loadtest.edge import Edge
from loadtest.shop import Visitor, is_done, product_slugs
from stack.engine import NET_PREFIX, SITE_HOST, containers
from stack.whole import wait_until_whole

from tests.starved import pytest_runtest_makereport, pytest_runtest_protocol  # noqa: F401 - hooks

# Cheap and telling first; what kills comes last, so that a broken page is not reported as a broken failover.
ORDER = ["smoke", "edge", "limits", "bad_input", "schema", "data", "consistency", "trust", "metrics", "operations"]
ORDER += ["overload", "events", "api", "checkout", "recording", "watch", "early_release", "kill", "partition", "redis"]
ORDER += ["origin", "drills"]


def pytest_collection_modifyitems(items):
    def place(item):
        name = item.path.stem.removeprefix("test_")
        return ORDER.index(name) if name in ORDER else len(ORDER)

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def stack():
    if not containers():
        pytest.exit("the stack is not running: make up", returncode=2)
    wait_until_whole()


@pytest.fixture(scope="session")
def edge(stack) -> Edge:
    return Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")


@pytest.fixture(scope="session")
def slugs(edge) -> list[str]:
    """A few products to look at."""
    return product_slugs(edge, 400)[:20]


@pytest.fixture(scope="session")
def untouched(edge):
    """Products that no test has written about yet, one after the other."""
    return iter(product_slugs(edge, 400)[20:])


@pytest.fixture
def slug(untouched) -> str:
    """A product to write about: nobody's cart or review has it, as far as these tests go."""
    return next(untouched)


@pytest.fixture
def guest(edge) -> Visitor:
    """Somebody with an empty cookie jar."""
    return Visitor(edge)


@pytest.fixture(scope="session")
def make_account(edge):
    """make_account() -> a new account, logged in; its name is in `.name`."""

    def make() -> Visitor:
        visitor = Visitor(edge)
        visitor.name = f"tester-{uuid.uuid4().hex[:12]}"
        answer = visitor.register(visitor.name)
        assert is_done(answer), f"registration answers {answer.status}"
        return visitor

    return make


@pytest.fixture(scope="session")
def account(make_account) -> Visitor:
    """One account for all tests that only need some account; hashing a password costs as much as twenty pages."""
    return make_account()
