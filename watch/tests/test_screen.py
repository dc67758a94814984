"""What a person reads: on the smallest terminal, on a larger one, without colours, and as lines."""

import io
import re

import pytest
from rich.console import Console

from watch.facts import DOWN, SICK, UP, Balanced, Changed, Database, Listed, Request, Sessions
from watch.lines import event_line, state_line
from watch.screen import Screen
from watch.state import State
from watch.words import size, span, sparkline

NOW = 1000.0
TIERS = {"haproxy": 2, "web": 3, "pgbouncer": 2, "postgres": 3, "etcd": 3, "redis": 3, "sentinel": 3, "cache": 3}
NODES = ["nginx", "prometheus", *(f"{tier}-{n}" for tier, count in TIERS.items() for n in range(1, count + 1))]


@pytest.fixture
def state() -> State:
    state = State(NOW - 100)
    state.take(Listed(dict.fromkeys(NODES, UP)), NOW - 100)
    state.take(Balanced("haproxy-1", True, {"postgres-1": 60.0}, (2, 3)), NOW - 50)
    postgres = {"postgres-1": ("running", None), "postgres-2": ("streaming", 0), "postgres-3": ("streaming", 12_345)}
    state.take(Database(postgres, {"etcd-1": False, "etcd-2": False, "etcd-3": True}), NOW - 50)
    state.take(Sessions("redis-2"), NOW - 50)
    for second in range(1, 11):
        state.take(Request(200, 0.008, "web-1"), NOW - second)
        state.take(Request(200, 0.002, "cache"), NOW - second)
    state.take(Changed("web-2", DOWN), NOW - 5)
    return state


def drawn(state: State, width=80, height=24, now=NOW, **options) -> list[str]:
    written = io.StringIO()
    console = Console(width=width, height=height, file=written, **options)
    console.print(Screen(state, now, "shop.localhost", True), height=height)
    return written.getvalue().splitlines()


def row(lines: list[str], tier: str) -> str:
    return next(line for line in lines if line.startswith(tier))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40), (200, 60), (40, 10)])
def test_it_fills_the_terminal_and_never_overflows(state, width, height):
    lines = drawn(state, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_every_tier_has_a_row_and_every_container_that_is_not_up_a_word(state):
    lines = drawn(state)
    for tier in ["nginx", *TIERS, "ops"]:
        assert row(lines, tier)
    assert "✖ 2 down" in row(lines, "web")
    assert "in rotation 2 of 3" in row(lines, "web")
    assert "23 of 24 containers up" in lines[0]


def test_roles_and_lags_stand_beside_their_nodes(state):
    lines = drawn(state)
    assert "● 1 primary  ● 2 lag 0 B  ● 3 lag 12 kB" in row(lines, "postgres")
    assert "● 2 master" in row(lines, "redis")
    assert "● 3 leader  quorum" in row(lines, "etcd")
    assert "postgres-1 is primary since" in row(lines, "writes")


def test_traffic_is_counted_and_shared_out(state):
    lines = drawn(state)
    assert "2.0/s   errors 0   refused 0   p50 8 ms   p95 8 ms" in row(lines, "requests")
    bars = [line[54:] for line in lines]
    assert any("web-1" in bar and "50%" in bar and "█" in bar for bar in bars)
    assert any("web-3" in bar and "0%" in bar for bar in bars)
    assert "PROBE=0" in "".join(lines)


def test_without_a_primary_it_says_what_that_means(state):
    state.take(Changed("postgres-1", DOWN), NOW - 4)
    state.take(Balanced("haproxy-1", True, {}, (2, 3)), NOW - 3)
    lines = drawn(state)
    assert "NO PRIMARY for 4 s: writes wait, reads go on" in row(lines, "writes")
    assert "✖ 1 down  ● 2 lag" in row(lines, "postgres")


def test_a_stack_that_went_down_is_shown_as_down(state):
    state.take(Balanced("haproxy-1", answered=False), NOW)
    for name in NODES:
        state.take(Changed(name, DOWN), NOW)
    lines = drawn(state)
    assert "0 of 24 containers up" in lines[0]
    assert "no HAProxy answers; the last primary known is postgres-1" in row(lines, "writes")
    assert row(lines, "cache").count("down") == 3


def test_a_failing_health_check_is_a_sign_and_a_count(state):
    state.take(Listed(dict.fromkeys(NODES, UP) | {"postgres-2": SICK, "web-2": DOWN}), NOW)
    lines = drawn(state)
    assert "! 2 lag 0 B" in row(lines, "postgres")
    assert "1 unhealthy (!)" in lines[0]


def test_the_last_events_are_shown_with_their_times(state):
    assert any(line.endswith("web-2 down") and line.count(":") == 2 for line in drawn(state))
    for number in range(100):
        state.say(NOW, f"event {number}")
    shown = [line for line in drawn(state) if " event " in line]
    assert shown[-1].endswith("event 99")
    assert len(shown) >= 3
    assert len([line for line in drawn(state, 140, 40) if " event " in line]) > len(shown)


def test_without_two_etcd_members_there_is_no_quorum(state):
    state.take(Database({}, {"etcd-1": False}), NOW)
    assert "NO QUORUM" in row(drawn(state), "etcd")


def test_colours_only_repeat_what_words_say(state):
    plain = "".join(drawn(state, force_terminal=True, color_system="standard", no_color=True))
    coloured = "".join(drawn(state, force_terminal=True, color_system="standard", no_color=False))
    colour = re.compile(r"\x1b\[(\d+;)*3\dm")
    assert colour.search(coloured)
    assert not colour.search(plain)


def test_a_state_that_knows_nothing_yet_is_drawn_too():
    assert len(drawn(State(NOW))) == 24


def test_a_line_has_the_same_facts(state):
    line = state_line(state, NOW)
    parts = ["primary=postgres-1", "lag=postgres-2:0,postgres-3:12345", "etcd=3_answer", "redis=redis-2"]
    parts += ["rotation=2/3", "requests=2.0/s", "p95=8ms", "by=cache:50%,web-1:50%", "not_up=web-2:down"]
    assert set(parts) <= set(line.split())
    assert event_line(state.events[0]).endswith("EVENT web-2 down")


def test_a_line_of_nothing_known():
    assert "primary=none lag=- etcd=- redis=- rotation=-" in state_line(State(NOW), NOW)


def test_words():
    assert [span(seconds) for seconds in (42, 720, 12_600)] == ["42 s", "12 min", "3.5 h"]
    assert [size(count) for count in (12, 12_345, 2_000_000, 3 * 10**9)] == ["12 B", "12 kB", "2 MB", "3.0 GB"]
    assert sparkline([0, 1, 7]) == " ▂█"
    assert sparkline([]) == ""
