"""Read your writes after a failover from a primary that lives on, where its poolers reach it and its peers do not."""

import uuid

import pytest
from drills import network
from loadtest.shop import PRODUCT, is_done
from stack import direct
from stack.engine import one
from stack.servers import primary, sql, until, value
from stack.whole import make_whole, wait_until_whole

from tests.stack.test_consistency import database_of

UNCONFIRMED = 8  # megabytes: the new primary will not be past that while the test runs, nor is it out for its lag
FAILOVER = 120  # seconds; the old primary renews its lease, so who has just had a release waits until it may have one
LOOKS = 12
REPLAYED = "SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn"
WRITTEN = "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"


def alias(node: str) -> str:
    return node.replace("postgres-", "replica_")


@pytest.fixture
def parted():
    """-> the old primary, which restarted as a standby with longer log than the new primary's, and cannot follow it."""
    wait_until_whole()
    old = one(primary())
    if why := network.lacks((old,)):
        pytest.skip(why)
    try:
        network.cut_voters([old])
        filler = "pg_logical_emit_message(false, 'test', repeat('x', 1048576), true)"
        sql(f"SELECT count({filler}) FROM generate_series(1, {UNCONFIRMED})", node=old.service)
        until(lambda: direct.postgres_primary() not in ("", old.service), FAILOVER, "another primary")
        until(lambda: value("SELECT pg_is_in_recovery()", node=old.service) == "t", 60, "the old one is a standby")
        yield old.service
    finally:
        network.mend([{"id": old.id, "name": old.name}])
        make_whole()


def test_a_longer_log_that_nobody_confirmed_is_no_later_one(account, slug, parted):
    new = primary()
    (third,) = set(direct.POSTGRES) - {parted, new}
    title = f"after the failover {uuid.uuid4().hex[:8]}"
    assert is_done(account.review(slug, title))
    assert int(value(REPLAYED, node=parted)) > int(value(WRITTEN, node=new)), "the control: its log is the longer one"
    databases = set()
    for _ in range(LOOKS):
        page = account.get(PRODUCT.format(slug))
        databases |= set(database_of(page).split("+"))
        assert title in page.text, databases
    assert alias(parted) not in databases
    until(lambda: alias(third) in database_of(account.get(PRODUCT.format(slug))), 10, "the other standby serves again")
