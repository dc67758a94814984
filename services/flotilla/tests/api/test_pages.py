"""Pages by cursor: everything once and in order, whatever is added meanwhile; a cursor that is not ours is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from flotilla.api.pages import BadCursor, page
from flotilla.bus.models import Outbox
from flotilla.uuid7 import uuid7

pytestmark = pytest.mark.django_db

NEWEST, OLDEST = ("-created_at", "-id"), ("created_at", "id")
DAY = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def add(number, created=DAY):
    return Outbox.objects.create(id=uuid7(), entity="e", subject="s", version=number, body={}, created_at=created)


@pytest.fixture
def rows():
    """Ten; three of each moment, so that the id decides."""
    return [add(number, DAY + timedelta(seconds=number // 3)) for number in range(1, 11)]


def walk(order, size, meanwhile=lambda: None):
    cursor, seen, pages = "", [], 0
    while cursor is not None:
        found = page(Outbox.objects.all(), cursor=cursor, order=order, size=size)
        seen += [row.pk for row in found.items]
        cursor, pages = found.next, pages + 1
        meanwhile()
    return seen, pages


@pytest.mark.parametrize("order", [NEWEST, OLDEST, ("version",), ("-version",), ("-created_at", "version")])
@pytest.mark.parametrize(("size", "pages"), [(1, 10), (3, 4), (5, 2), (10, 1), (24, 1)])
def test_all_rows_once_and_in_order(rows, order, size, pages):
    assert walk(order, size) == ([row.pk for row in Outbox.objects.order_by(*order)], pages)


def test_what_is_added_in_front_moves_nothing(rows):
    numbers = iter(range(100, 200))
    seen, _ = walk(NEWEST, 3, lambda: add(next(numbers), DAY + timedelta(days=1)))
    assert seen == [row.pk for row in Outbox.objects.filter(version__lt=100).order_by(*NEWEST)]


def test_the_same_page_has_the_same_cursor(rows):
    first, again = (page(Outbox.objects.all(), order=NEWEST, size=2).next for _ in range(2))
    assert first == again


def test_nothing_is_one_page():
    assert walk(NEWEST, 3) == ([], 1)


@pytest.mark.parametrize("broken", ["x", "a:b", "é:é", ":", "{cursor}x", "x{cursor}", "{other}"])
def test_a_cursor_that_this_list_has_not_given_out_is_400(rows, broken):
    cursor = page(Outbox.objects.all(), order=NEWEST, size=2).next
    other = page(Outbox.objects.all(), order=OLDEST, size=2).next
    with pytest.raises(BadCursor, match="leave it out"):
        page(Outbox.objects.all(), cursor=broken.format(cursor=cursor, other=other), order=NEWEST)
    assert BadCursor.status_code == 400
