"""The mixed load against a shop of cardboard: markers, keys, looks, and what it calls good."""

import json

import pytest

from loadtest.ledger import Ledger, markers
from loadtest.openloop import Run, Schedule
from loadtest.outcome import LOOK, READ, UNSEEN, WRITE, WRONG
from loadtest.retry import Retry
from loadtest.traffic import PRODUCTS, Traffic, UsedUp, authors_for

from .cardboard import Edge, response

QUICK = Retry(first=0.01, longest=0.01)


@pytest.fixture
def edge():
    return Edge()


@pytest.fixture
def traffic(edge, tmp_path):
    return Traffic(edge, Ledger(tmp_path / "ledger", lambda descriptor: None))


def play(traffic, count, retry=None, write_share=1.0):
    return Run(traffic.send, Schedule.constant(100, count / 100, write_share), retry=retry).start().join()


def test_everything_is_good_and_every_write_is_looked_at(traffic):
    outcomes = play(traffic, 40, write_share=0.5)
    assert all(outcome.raw_good for outcome in outcomes), [o.detail for o in outcomes if not o.raw_good]
    kinds = [outcome.kind for outcome in outcomes]
    assert (kinds.count(READ), kinds.count(WRITE), kinds.count(LOOK)) == (20, 20, 20)
    assert {o.step for o in outcomes if o.kind == WRITE} == {"review", "add_to_cart"}


def test_a_failed_write_is_sent_again_with_the_same_key_and_body(traffic, edge):
    edge.troubles = [ConnectionError("gone"), response(503, Retry_After="0")]
    (write, look) = play(traffic, 1, QUICK)
    assert (write.first_status, write.status, write.tries, look.good) == (0, 302, 3, True)
    assert len(edge.sent) == 3
    assert len(set(edge.sent)) == 1


def test_a_write_whose_answer_was_lost_takes_effect_once(traffic, edge):
    edge.troubles = [ConnectionError("lost on the way back")]
    play(traffic, 1, QUICK)
    assert [list(cart.values()) for cart in edge.shop.carts.values()] == [[1]]
    assert list(edge.shop.keys.values()).count(2) == 1  # registrations have keys as well


def test_without_a_retry_nothing_is_sent_twice(traffic, edge):
    edge.troubles = [ConnectionError("gone")]
    (write,) = play(traffic, 1)
    assert (write.tries, write.good, write.step) == (1, False, "add_to_cart")
    assert len(edge.sent) == 1


def test_writes_never_share_a_key_or_a_pair(traffic, edge):
    play(traffic, 50)
    assert len(set(edge.sent)) == 50
    assert set(edge.shop.keys.values()) == {1}
    assert {count for cart in edge.shop.carts.values() for count in cart.values()} == {1}


def test_all_pairs_are_different_and_then_there_is_none(traffic):
    count = len(traffic.authors) * PRODUCTS
    assert len({(slug, author.name) for slug, author in map(traffic._pair, range(count))}) == count
    with pytest.raises(UsedUp, match=f"no pair for write {count + 1}"):
        traffic._pair(count)


@pytest.mark.parametrize(("writes", "authors"), [(0, 6), (3600, 6), (3601, 8), (21_600, 40), (60_000, 100)])
def test_there_are_authors_enough_for_what_is_planned(writes, authors):
    assert authors_for(writes) == authors


def test_more_than_can_be_told_apart_is_refused():
    with pytest.raises(UsedUp, match="60001 writes are planned, and no more than 60000"):
        authors_for(60_001)


def test_a_write_is_in_the_ledger_before_its_answer_counts(traffic, edge, tmp_path):
    seen = []
    run = Run(traffic.send, Schedule.constant(100, 0.05, 1.0), lambda outcome: seen.append(
        (outcome.kind, len(markers(tmp_path / "ledger")))))  # fmt: skip
    run.start().join()
    writes = [lines for kind, lines in seen if kind == WRITE]
    assert all(lines >= number for number, lines in enumerate(sorted(writes), 1))


def test_the_ledger_holds_only_what_was_acknowledged(traffic, edge, tmp_path):
    edge.troubles = [ConnectionError("gone")]
    play(traffic, 3)
    lines = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert len(lines) == 2


@pytest.mark.parametrize(
    "answer", [response(200, b"<html>the form again</html>"), response(302, Location="/accounts/login/?next=/")]
)
def test_an_answer_without_effect_is_wrong_and_not_sent_again(traffic, edge, answer):
    edge.troubles = [answer]
    (write,) = play(traffic, 1, QUICK)
    assert (write.status, write.tries) == (WRONG, 1)
    assert "no effect" in write.detail


def test_a_write_that_its_author_does_not_see_is_unseen(traffic, edge):
    edge.shop.write = lambda *_: None
    looks = [outcome for outcome in play(traffic, 4, QUICK) if outcome.kind == LOOK]
    assert len(looks) == 4
    assert all(look.detail.startswith(UNSEEN) and look.tries == 1 and not look.good for look in looks)


def test_half_a_page_is_wrong(traffic, edge):
    edge.shop.page = lambda *_: b"<html>and then"
    assert {outcome.status for outcome in play(traffic, 5, write_share=0.0)} == {WRONG}
