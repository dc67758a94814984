import re
from html.parser import HTMLParser

import pytest

from drills import page
from drills.tests.samples import FAULT, between, record, result, run, waiting

KILLED = result(lines=run(waiting(FAULT, 28, "write")))
FAILED = result("web", lines=run(between(20, 21, first_status=502, detail="/cart/<b>")))
INVALID = result("cache", lines=[])
EVENTS = record()["events"]


@pytest.fixture(scope="module")
def text() -> str:
    return page.text([KILLED, FAILED, INVALID])


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_page_opens_offline(text):
    tags = Tags(text).found
    assert "script" not in {tag for tag, _ in tags}
    links = [value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "url(" not in text


def test_each_run_has_a_timeline_under_its_name(text):
    assert re.findall(r"<h2>(.*?)</h2>", text) == [
        "Report card", "postgres-primary kill", "web kill", "cache kill", "How it is measured"
    ]  # fmt: skip
    assert page.text([KILLED, KILLED]).count("<h2>postgres-primary kill 2</h2>") == 1


def test_fault_undo_role_changes_and_wholeness_are_marked():
    marks = page.events(record())
    assert [(mark.t, mark.text) for mark in marks if mark.until is None] == [
        (10.0, "fault"), (28.0, "postgres-2 is primary"), (30.0, "undone"), (40.0, "whole again")
    ]  # fmt: skip
    assert [(mark.t, mark.until) for mark in marks if mark.until] == [(10.0, 30.0)]


def test_of_many_role_changes_only_the_first_have_words():
    roles = [{"t": 11.0 + n, "kind": "role", "text": f"change {n}"} for n in range(20)]
    marks = page.events(record(events=[*EVENTS[:1], *roles, *EVENTS[2:]]))
    assert len(marks) == 24
    assert [mark.text for mark in marks if mark.text] == [
        "fault", *(f"change {n}" for n in range(6)), "undone", "whole again"
    ]  # fmt: skip


def test_a_record_without_an_undo_has_no_band():
    assert all(mark.until is None for mark in page.events(record(events=EVENTS[:1])))


def test_figures_stand_beside_their_targets(text):
    assert "18.0 (≤ 24)" in text
    assert "20 | 0 of 1200" in text


def test_reads_and_writes_are_drawn_apart(text):
    for name in ("read, slowest", "read, median", "write, slowest", "write, median"):
        assert name in text


def test_errors_are_drawn_where_there_are_some_and_denied_where_not(text):
    assert text.count(f"<b>{page.FAILED}</b>: none.") == 2
    assert f"<figcaption>{page.FAILED}" in text


def test_an_invalid_run_says_why(text):
    assert "no request was made, or none can be read" in text
    assert 'class="badge warn">INVALID' in text


def test_what_the_stack_said_is_escaped(text):
    assert "/cart/&lt;b&gt;" in text
    assert "/cart/<b>" not in text


def test_the_client_is_described(text):
    assert "20 requests a second, 30 % of them writes" in text
    assert "429, 502, 503, 504" in text


def test_the_file_is_written_whole(tmp_path):
    path = page.write([KILLED], tmp_path / "drills" / "index.html")
    assert path.read_text().startswith("<!doctype html>")
    assert [one.name for one in path.parent.iterdir()] == ["index.html"]
    assert "No drill has been run." in page.text([])
