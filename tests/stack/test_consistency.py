"""Read your writes while both standbys stand still: who wrote is answered by the primary, others may see the past."""

import re
import uuid

import pytest
from loadtest.shop import CART, PRODUCT, is_done
from stack.servers import members, primary, sql, until, value

PAUSED = "SELECT pg_get_wal_replay_pause_state() = 'paused'"


def standbys() -> list[str]:
    return [name for name in members() if name != primary()]


def replay(state: str) -> None:
    for node in standbys():
        sql(f"SELECT pg_wal_replay_{state}()", node=node)


@pytest.fixture
def frozen():
    """Both standbys receive and confirm, but apply nothing: reading from them is reading the past."""
    nodes = standbys()
    assert len(nodes) == 2
    try:
        replay("pause")
        # A standby to which nothing comes looks up every five seconds only.
        until(lambda: all(value(PAUSED, node=node) == "t" for node in nodes), 20, "both standbys pause")
        yield nodes
    finally:
        replay("resume")
        behind = "SELECT pg_last_wal_replay_lsn() >= '{}'::pg_lsn"
        position = value("SELECT pg_current_wal_lsn()")
        until(lambda: all(value(behind.format(position), node=n) == "t" for n in nodes), 30, "the standbys caught up")


def database_of(answer) -> str:
    return re.search(r'db;desc="([^"]*)"', answer["Server-Timing"]).group(1)


def test_who_wrote_sees_it_though_no_standby_has_it(account, make_account, slug, frozen):
    other, title = make_account(), f"ahead of the standbys {uuid.uuid4().hex[:8]}"
    assert is_done(account.review(slug, title))
    stored = f"SELECT count(*) FROM web_review WHERE title = '{title}'"
    assert value(stored) == "1"
    assert [value(stored, node=node) for node in frozen] == ["0", "0"], "the control: the standbys must lag"
    for _ in range(6):
        mine = account.get(PRODUCT.format(slug))
        assert title in mine.text
        assert "default" in database_of(mine)
    assert other.get(PRODUCT.format(slug)).status == 200


def test_a_cart_follows_its_visitor_though_no_standby_has_it(guest, slug, frozen):
    assert is_done(guest.cart_add(slug))
    for _ in range(6):
        assert PRODUCT.format(slug) in guest.get(CART).text
