"""Small pure parts: ids, request state, Server-Timing, breaker, stamps, log lines."""

import json
import logging as std_logging
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from flotilla import context, timing
from flotilla.breaker import Breaker
from flotilla.jobs import stamps
from flotilla.logging import JsonFormatter
from flotilla.requests import headers
from flotilla.uuid7 import fixed_uuid7, uuid7


def test_uuid7_is_version_7_and_ordered_by_time(monkeypatch):
    now = 1_795_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now * 1_000_000)
    first = uuid7()
    now += 1
    second = uuid7()
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first < second
    assert first.int >> 80 == now - 1


def test_fixed_ids_are_of_version_7_and_the_same_everywhere():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    made = fixed_uuid7(moment, "x")
    assert made == fixed_uuid7(moment, "x") != fixed_uuid7(moment, "y")
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(moment.timestamp() * 1000)
    known = "019550ef-1280-7713-85ac-833743de5e0f"  # of the demonstration: volumes have it
    assert str(fixed_uuid7(datetime(2025, 3, 1, 9, tzinfo=UTC), "20261120/category/lighting")) == known


def test_nested_states_come_back():
    outer, inner = context.RequestState(request_id="outer"), context.RequestState(request_id="inner")
    assert context.current() is None
    assert context.current_policy() is context.Policy.FAIL_FAST
    with context.use(outer):
        with context.use(inner):
            assert context.current() is inner
        assert context.current() is outer
    assert context.current() is None


def test_jobs_hold_without_a_deadline():
    with context.holding(5) as state:
        assert context.current_policy() is context.Policy.HOLD
        assert state.deadline == float("inf")
        assert 4 < state.hold_until - time.monotonic() <= 5


def test_server_timing():
    state = context.RequestState(aliases={"replica_2", "default"})
    with context.use(state):
        timing.note_cache(hit=True)
        timing.note(view='pro"duct\n')
        line = timing.header(state, replica="web-1", seconds=0.0123)
        assert line == (
            'replica;desc="web-1", db;desc="default+replica_2", cache;desc="hit", view;desc="product", app;dur=12.3'
        )
        timing.note_cache(hit=False)
        timing.note_cache(hit=True)
        assert state.notes["cache"] == "miss"
    timing.note(outside="request")
    timing.note_cache(hit=True)
    assert 'db;desc="none", cache;desc="none"' in timing.header(context.RequestState(), replica="x", seconds=0)


def test_an_open_breaker_lets_one_caller_try_per_pause():
    now = 100.0
    breaker = Breaker(pause=5, clock=lambda: now)
    assert breaker.allows()
    breaker.failed()
    assert breaker.is_open
    assert not breaker.allows()
    now = 102.0
    assert breaker.left == 3
    now = 106.0
    assert breaker.left == 0
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.succeeded()
    assert breaker.allows()
    assert not breaker.is_open
    assert breaker.left == 0


def test_the_trial_is_given_to_one_of_two_who_ask_at_once():
    """The second has seen the breaker open, and finds it closed once it has the lock."""
    breaker = Breaker(pause=5, clock=lambda: (breaker.succeeded(), 0.0)[1])
    breaker._open_until = 1.0
    assert breaker.allows()


def test_stamps_change_with_names_and_contents(tmp_path):
    folder = tmp_path / "app" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001.py").write_text("a")
    first = stamps.of_migrations([tmp_path])
    assert first == stamps.of_migrations([tmp_path])
    (folder / "0001.py").write_text("b")
    second = stamps.of_migrations([tmp_path])
    (folder / "0001.py").rename(folder / "0002.py")
    assert len({first, second, stamps.of_migrations([tmp_path])}) == 3


def record(**extra):
    made = std_logging.LogRecord("some.logger", std_logging.WARNING, __file__, 1, "what %s", ("happened",), None)
    made.__dict__.update(extra)
    return made


def test_a_log_line_has_the_ids_and_only_named_fields():
    request = SimpleNamespace(method="GET", path="/x")
    state = context.RequestState(request_id="edge-id", client_request_id="mine")
    with context.use(state):
        line = json.loads(JsonFormatter().format(record(status_code=404, password="p", request=request)))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "some.logger",
        "message": "what happened",
        "request_id": "edge-id",
        "client_request_id": "mine",
        "status_code": 404,
        "method": "GET",
        "path": "/x",
    }


def test_a_log_line_outside_of_requests_and_with_an_exception():
    try:
        raise ValueError("boom")
    except ValueError:
        line = json.loads(JsonFormatter().format(record(exc_info=sys.exc_info())))
    assert "request_id" not in line
    assert line["exception"].endswith("ValueError: boom\n")
    with context.use(context.RequestState(request_id="edge-id")):
        assert "client_request_id" not in json.loads(JsonFormatter().format(record()))


def test_request_ids_are_the_edges_when_sane():
    assert headers.request_id({"HTTP_X_REQUEST_ID": "0123456789abcdef"}) == "0123456789abcdef"
    assert len(headers.request_id({"HTTP_X_REQUEST_ID": 'x" injected'})) == 32
    assert headers.client_request_id({"HTTP_X_CLIENT_REQUEST_ID": "client-id-1"}) == "client-id-1"
    assert headers.client_request_id({"HTTP_X_CLIENT_REQUEST_ID": "\n"}) == ""


def test_deadlines_only_from_trusted_hops_and_only_shorter():
    at = {"HTTP_X_DEADLINE": str(time.time() + 10)}
    assert 9 < headers.deadline(at, limit=40, trusted=True) <= 10
    assert headers.deadline(at, limit=5, trusted=True) == 5
    assert headers.deadline(at, limit=40, trusted=False) == 40
    assert headers.deadline({"HTTP_X_DEADLINE": "1"}, limit=40, trusted=True) == 0
    for odd in ({}, {"HTTP_X_DEADLINE": "soon"}, {"HTTP_X_DEADLINE": "nan"}):
        assert headers.deadline(odd, limit=40, trusted=True) == 40


@given(st.text())
def test_no_header_can_break_a_quoted_note(text):
    state = context.RequestState(notes={"x": text})
    assert timing.header(state, replica="r", seconds=0).count('"') == 8
