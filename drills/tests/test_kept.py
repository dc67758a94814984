"""The page keeps what it says of drills of which there are no results here."""

from drills import document, kept
from drills.judge import INVALID
from drills.tests.samples import FAULT, result, run, waiting
from drills.tests.test_document import GAP, WEB, row

OTHER = result("web", "stop", commit="c" * 40, machine="8 cores of another")
STARVE = result("stack", "starve", set_up={"rate": 80, "write_share": 0.3, "load_ends": True})
LATE = {"postgres-primary kill": "the lease runs 20 s"}


def test_what_is_not_measured_here_stays_as_it_was():
    before = document.text([*GAP, OTHER], LATE)
    after = document.text([WEB], LATE, before)
    for name in ("postgres-primary kill", "web stop"):
        assert row(after, name) == row(before, name)
    assert row(after, "web kill")[-1] == "bbbbbbbbb+"
    assert "Measured on 2 cores of a test; 8 cores of another. Early release" in after
    assert "is off. 2 of 3 drills measured reach their targets." in after
    assert "2 of the rows are of older results" in after
    assert "- postgres-primary kill, 2026-11-21T13:02: write gap 26, target ≤ 24 s\n" in after
    assert "  Why: the lease runs 20 s" in after
    assert "No target is missed." not in after


def test_what_is_measured_here_takes_the_place_of_what_stood_there():
    good = [result(lines=run(waiting(FAULT, 14, "write")))]
    after = document.text(good, {}, document.text([*GAP, OTHER], LATE))
    assert row(after, "postgres-primary kill")[1] == "1 of 10"
    assert "the lease runs 20 s" not in after
    assert "No target is missed." in after


def test_a_page_of_the_same_results_is_the_same():
    page = document.text([*GAP, OTHER], LATE)
    assert document.text([*GAP, OTHER], LATE, page) == page


def test_rows_have_one_order_whoever_measured_them():
    names = [line.split(" | ")[0] for line in document.text([WEB], {}, document.text([*GAP, OTHER], {})).splitlines()]
    assert [name for name in names if name.startswith(("| web", "| postgres-primary"))] == [
        "| postgres-primary kill", "| web kill", "| web stop",
    ]  # fmt: skip


def test_a_load_that_was_another_is_still_told_with_its_drill():
    after = document.text([WEB], {}, document.text([*GAP, STARVE], {}))
    assert "- stack starve: The load: 80 requests a second" in after
    assert after.count("The load: 20 requests a second") == 1


def test_a_run_that_cannot_tell_takes_nothing_s_place():
    page = document.text([*GAP, OTHER], LATE)
    late = result(lines=[])
    assert late["state"] == INVALID
    assert document.text([late, OTHER], {}, page).count("| INVALID |") == 0
    assert row(document.text([late, OTHER], {}, page), "postgres-primary kill") == row(page, "postgres-primary kill")
    assert document.text([late], {}).count("| INVALID |") == 1


def test_why_is_said_as_it_is_known_now():
    after = document.text([WEB], {"postgres-primary kill": "a shorter word"}, document.text(GAP, LATE))
    assert "  Why: a shorter word" in after
    assert "the lease runs 20 s" not in after


def test_a_table_of_other_columns_is_not_mixed_with_this_one():
    page = document.text([OTHER], {}).replace("| drill | runs |", "| drill | number |")
    assert "web stop |" not in document.text([WEB], {}, page)


def test_a_drill_that_is_none_any_more_leaves_the_page():
    page = document.text([OTHER], {}).replace("| web stop |", "| web bite |")
    assert "web bite" not in document.text([WEB], {}, page)


def test_an_empty_page_keeps_nothing():
    assert kept.of("", document.TEMPLATE.read_text(), document.names(), set()) == kept.NOTHING
    assert document.text([WEB], {}, "") == document.text([WEB], {})
