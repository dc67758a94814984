"""Read your writes while both standbys stand still: who wrote is answered by the primary, others may see the past."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
from loadtest.shop import CART, PRODUCT, is_done
from stack.engine import docker, inside, one
from stack.servers import members, primary, replicas_whole, until, value

STARTUP = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'"  # the process that applies


def standbys() -> list[str]:
    return [name for name in members() if name != primary()]


def caught_up() -> bool:
    position = value("SELECT pg_current_wal_lsn()")
    behind = f"SELECT pg_last_wal_replay_lsn() < '{position}'::pg_lsn"
    return replicas_whole() and all(value(behind, node=node) == "f" for node in standbys())


@pytest.fixture
def frozen():
    """Both standbys receive and confirm, but apply nothing: reading from them is reading the past. Their startup
    processes are stopped; pg_wal_replay_pause() would not do, as Patroni resumes it in its next round.
    """
    startup = {node: value(STARTUP, node=node) for node in standbys()}
    assert len(startup) == 2
    try:
        for node, process in startup.items():
            inside(node, "kill", "-STOP", process, user="postgres")
        yield list(startup)
    finally:
        # Just after a primary was silent the fences may come into force by this, and another one lead (decision 0028,
        # Weak: who wakes after the last probe is passed over): then the old one is restarted, and the processes may go.
        for node, process in startup.items():
            inside(node, "kill", "-CONT", process, user="postgres", check=False)
        until(caught_up, 60, "there is a primary, and both standbys receive and have caught up")


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


@contextmanager
def no_primary():
    """Silent for less than its lease; and no standby can fence itself that has not replayed all it has."""
    paused = one(primary())
    docker("pause", paused.id)
    try:
        yield
    finally:
        docker("unpause", paused.id)
        until(lambda: primary() == paused.service, 20, "the primary is back")


def test_without_a_primary_nobody_is_shown_a_page_that_lacks_what_a_standby_has_on_disk(account, slug, frozen):
    """It was acknowledged, and is replayed nowhere: then there is no page, rather than one without it."""
    title = f"on disk only {uuid.uuid4().hex[:8]}"
    assert is_done(account.review(slug, title))
    with ThreadPoolExecutor() as pool, no_primary():
        asked = pool.submit(account.get, PRODUCT.format(slug))
        wait([asked], 6)
    answer = asked.result()
    assert answer.status == 503 or title in answer.text
