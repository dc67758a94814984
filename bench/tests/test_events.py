"""What is made of the bus's figures: a growing backlog is seen, what is lost or doubled is counted."""

import itertools
import json
import uuid
from types import SimpleNamespace

import pytest

from bench import busdb, events, page, results
from bench.busdb import Bus


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Keeps these figures where the page looks for them."""
    monkeypatch.setattr(results, "RESULTS", tmp_path)

    def keep(**parts) -> list[str]:
        (tmp_path / "events.json").write_text(json.dumps(parts))
        return page.events()

    return keep


@pytest.mark.parametrize(
    ("backlog", "stands"),
    [
        ([0] * 60, True),
        ([5, 90] * 30, True),
        (list(range(0, 300, 5)), True),  # 5 deliveries a second of 640
        (list(range(0, 600, 10)), False),
        ([0] * 40 + [1000] * 20, False),
        ([900] * 40 + [0] * 20, True),
    ],
)
def test_a_backlog_that_grows_does_not_stand(backlog, stands):
    assert events.growth(backlog, 640)["stands"] is stands


def shop(orders: int):
    return SimpleNamespace(product="p", orders=[str(uuid.uuid4()) for _ in range(orders)])


class Told:
    """A bus of which one event is missing somewhere, as asked."""

    def __init__(self, missing=0, behind=0, stock=90, confirmed=10):
        self.ids = {uuid.uuid4(): 1.0 for _ in range(20)}
        self.missing, self.late, self.left, self.sold = missing, behind, stock, confirmed

    def told(self):
        return self.ids

    def heard(self, consumer):
        return set(itertools.islice(self.ids, 20 - self.missing))

    def behind(self, consumer):
        return self.late

    def stock(self, product):
        return self.left

    def states(self, orders):
        return {"confirmed": self.sold, "rejected": 2}


@pytest.mark.parametrize(
    ("bus", "lost", "doubled"),
    [
        (Told(), 0, 0),
        (Told(missing=1), 2, 0),
        (Told(behind=3), 6, 0),
        (Told(stock=89), 0, 1),
        (Told(stock=92), 0, 2),
        (Told(confirmed=9, stock=91), 0, 0),
    ],
)
def test_what_was_lost_or_doubled_is_counted(bus, lost, doubled):
    found = events.judged(bus, shop(12), 100)
    assert (found["events"], found["lost"], found["doubled"]) == (20, lost, doubled)


def test_later_events_have_greater_ids(monkeypatch):
    ids = []
    for now in (1_800_000_000.0, 1_800_000_000.002, 1_800_000_001.0):
        monkeypatch.setattr(busdb.time, "time", lambda now=now: now)
        ids.append(busdb.id_of_now())
    assert ids == sorted(set(ids))
    assert ids[0].int >> 80 == 1_800_000_000_000


def test_whoever_lacks_a_version_is_behind(monkeypatch):
    known, lost = uuid.uuid4(), uuid.uuid4()
    bus = Bus.__new__(Bus)
    answers = {"products": [(known, 3), (lost, 2)], "web": [(str(known), 3), (str(lost), 1)]}
    monkeypatch.setattr(bus, "rows", lambda service, query, *values: answers[service], raising=False)
    assert bus.behind("web") == 1


class Arriving:
    """Two events, told at 100.0 and 101.0; each is heard a while later."""

    def __init__(self, clock, heard_after):
        self.clock, self.after = clock, heard_after
        self.ids = {uuid.uuid4(): 100.0, uuid.uuid4(): 101.0}

    def told(self):
        return self.ids

    def heard(self, consumer):
        return {id for id, at in self.ids.items() if self.clock.now >= at + self.after[consumer]}


class Clock:
    now = 99.0

    def time(self):
        return self.now

    monotonic = time

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def arriving(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(events, "time", clock)
    monkeypatch.setattr(events, "IDLE_EVENTS", 2)
    ended = SimpleNamespace(poll=lambda: 0 if clock.now > 101 else None)
    monkeypatch.setattr(events, "tell", lambda rate, seconds: ended)

    def arrive(**heard_after):
        monkeypatch.setattr(events, "Bus", lambda: Arriving(clock, heard_after))
        return events.idle()

    return arrive


def test_an_events_way_ends_when_it_is_seen(arriving):
    found = arriving(orders=0.05, web=0.3)
    assert found["events"] == 2
    assert 50 <= found["by_consumer"]["orders"]["p50"] <= 75
    assert 300 <= found["by_consumer"]["web"]["p99"] <= 325
    assert found["p99"] == found["by_consumer"]["web"]["p99"]


def test_an_event_that_never_comes_is_no_figure(arriving):
    with pytest.raises(AssertionError, match="not taken"):
        arriving(orders=0.05, web=60)


SUSTAINED = {"carried": 318.4, "told": 320.1, "queues": 2, "middle": 40, "last": 42, "seconds": 60, "cores": 1.61}


def test_the_page_states_what_was_measured_and_nothing_else(measured):
    assert measured() == []
    [only] = measured(saga={"orders": 60, "p50": 121.4, "p95": 240.2, "p99": 300.0})
    assert only == "| order placed → confirmed, p50 | ≤ 400 ms | 121 ms (p95 240 ms, 60 orders, one a second) |"


def test_the_page_has_a_row_for_each_goal(measured):
    drained = {
        "events": 10000,
        "deliveries": 20000,
        "seconds": 81.2,
        "lost": 1,
        "doubled": 2,
        "left_at_kill": {"it": 9},
    }
    rows = measured(
        idle={"events": 100, "look_ms": 20.0, "p50": 41.0, "p99": 88.0},
        sustained=SUSTAINED | {"stands": True},
        drain=drained | {"left_at_kill": {"it": 9}},
    )
    assert [row.split(" | ")[1] for row in rows] == ["≤ 100 ms", "≤ 500 ms", "≥ 300 events/s", "≤ 0 events"]
    assert [row.split(" | ")[2].split(" (")[0] for row in rows] == ["41 ms", "88 ms", "318 events/s", "3 events"]


def test_a_growing_backlog_is_said(measured):
    [row] = measured(sustained=SUSTAINED | {"stands": False})
    assert "the backlog growing" in row.split(" | ")[0]
