"""docs/capacity.md keeps what was measured on another day or machine, and says so."""

import pytest

from bench import page

OLD = """
Measured on 2026-11-01: 8 cores of another.

Measured earlier, on 2026-10-01: 4 cores of a third: spread.

| what | goal | measured |
|---|---|---|
| `make up` when running | ≤ 10 s | 3.0 s |
| idle memory, 45 containers over 90 s | ≤ 3.5 GB | 2000 MB |
| share of each replica in 300 requests that no cache answers | 20 to 47 % | 33.3 % |

| browse | 20 | 60 | 3 | 2 / 2 |

Memory over the soak, MB, first minute → last, where it grew by more than one: none.
"""
IDLE = {"containers": 45, "seconds": 90, "memory_mb": 2229, "cpu_percent_of_a_core": 23.9}


@pytest.fixture
def measured(monkeypatch):
    """What lies in reports/ -> the page's block."""

    def block(found: dict, old: str) -> str:
        monkeypatch.setattr(page, "load", found.get)
        monkeypatch.setattr(page, "machine", lambda: "2 cores of a test")
        monkeypatch.setattr(page.time, "strftime", lambda _: "2026-11-22")
        monkeypatch.setattr(page.profiles, "runs", lambda name, profile: [])
        return page.block(old)

    return block


def test_what_is_measured_here_takes_the_place_of_what_stood_there(measured):
    text = measured({"idle": IDLE}, OLD)
    assert "| idle memory, 45 containers over 90 s | ≤ 3.5 GB | 2229 MB |" in text
    assert "2000 MB" not in text


def test_what_is_not_stays_with_its_day_and_machine(measured):
    lines = measured({"idle": IDLE}, OLD).splitlines()
    assert lines[1] == "Measured on 2026-11-22: 2 cores of a test."
    assert "Measured earlier, on 2026-11-01: 8 cores of another: startup, browse." in lines
    assert "Measured earlier, on 2026-10-01: 4 cores of a third: spread." in lines
    for kept in OLD.splitlines()[7:8] + OLD.splitlines()[9:10] + OLD.splitlines()[11:14:2]:
        assert kept in lines, kept


def test_a_page_of_the_same_results_is_the_same(measured):
    once = measured({"idle": IDLE}, OLD)
    assert measured({"idle": IDLE}, once) == once


def test_what_never_was_measured_is_not_there(measured):
    text = measured({"idle": IDLE}, "")
    assert "earlier" not in text
    assert "`make up`" not in text
    assert "Memory over" not in text
