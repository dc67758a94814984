"""Redis is a convenience: with every node of it dead, nobody is logged out and no cart is empty."""

import re

import pytest
from loadtest.shop import CART, PRODUCT, is_done
from stack.engine import containers, docker, inside
from stack.servers import until
from stack.whole import make_whole

EVERY = re.compile(r"(redis|cache)-\d+")


@pytest.fixture
def start_again():
    yield
    make_whole()


def test_losing_every_redis_loses_no_login_and_no_cart(account, guest, slug, slugs, start_again):
    assert is_done(account.cart_add(slugs[0]))
    assert is_done(guest.cart_add(slugs[1]))
    docker("kill", *[c.id for c in containers() if EVERY.fullmatch(c.service)])

    def both_carts():
        mine, theirs = account.get(CART), guest.get(CART)
        return mine.status == theirs.status == 200 and slugs[0] in mine.text and slugs[1] in theirs.text and mine.text

    page = until(both_carts, 10, "both carts without any Redis")
    assert account.name in page, "logged out"
    assert account.get(PRODUCT.format(slugs[2])).status == 200
    assert is_done(account.review(slug, "written without Redis")), "writing needs no Redis"


def test_every_data_node_writes_to_its_disk(stack):
    """Append-only files, so that a restart of all three is no wipe."""
    for number in (1, 2, 3):
        command = "redis-cli -a $(cat /run/secrets/redis) --no-auth-warning info persistence"
        assert "aof_enabled:1" in inside(f"redis-{number}", "bash", "-c", command)
