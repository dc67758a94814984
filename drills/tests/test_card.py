import io

import pytest

from drills import card
from drills.targets import ROWS
from drills.tests.samples import FAULT, between, orders, result, run, waiting

GOOD = result("web")
ALL = [
    GOOD | {"record": GOOD["record"] | {"victim": v, "fault": f}}
    for row in ROWS
    for v in row.victims
    for f in row.faults
]
GAP = [
    result(lines=run(waiting(FAULT, end, "write")), at=f"2026-11-21T13:0{n}:00") for n, end in enumerate((20, 28, 36))
]


def row(results, name: str) -> str:
    return next(line for line in card.text(results).splitlines() if line.startswith(f"{name} "))


def test_a_row_shows_figures_and_the_verdict():
    assert row([GOOD], "web kill").split() == [
        "web", "kill", "0|0/1200", "0.2", "0.1", "0.0", "0/0/0", "0/0/0", "0/0", "10", "pass"
    ]  # fmt: skip
    assert row([result("web", operator=["make up"])], "web kill").endswith(" 10     1  FAIL")


def test_targets_of_every_row_stand_in_the_head_and_its_own_beside_the_figure():
    lines = card.text([GOOD, GAP[0]]).splitlines()
    assert lines[1].split() == ["target", "0", "<", "2", "<", "2", "0", "0", "0", "≤", "120"]
    assert "10.0 ≤24 " in row([GOOD, GAP[0]], "primary kill")


def test_where_the_leadership_may_not_move_its_moves_are_shown():
    moved = result("postgres-primary", "cut-etcd")
    assert row([moved, GOOD], "primary cut-etcd").split()[5] == "1"
    assert row([moved, GOOD], "primary cut-etcd").endswith("FAIL")
    assert "postgres-primary cut-etcd, 2026-11-21T13:00: failovers 1, target 0" in card.text([moved])
    assert "moved" not in card.text([GOOD, GAP[0]])


def test_several_runs_show_median_and_worst_and_the_worst_decides():
    shown = row(GAP, "primary kill")
    assert shown.startswith("primary kill x3 ")
    assert "18.0/26.0 ≤24" in shown
    assert "0|0/3600" in shown
    assert shown.endswith("FAIL")
    assert "postgres-primary kill, 2026-11-21T13:02: write gap 26, target ≤ 24 s" in card.text(GAP)


def test_where_leases_are_released_early_other_targets_hold_and_the_median_has_its_own():
    early = {"set_up": {"rate": 20, "write_share": 0.3, "early_release": True}}
    runs = [result(lines=run(waiting(FAULT, end, "write")), at=f"{end}", **early) for end in (14.8, 15, 15.5)]
    assert "5.0/5.5 ≤4.5/6 " in (shown := row(runs, "primary kill x3"))
    assert shown.endswith("FAIL")
    text = card.text(runs)
    assert "postgres-primary kill: median write gap 5 of 3 runs, target ≤ 4.5 s" in text
    assert text.endswith("lease is on.")
    assert card.text(GAP).endswith("lease is off.")
    assert card.text([*GAP, *runs]).endswith("lease is off and on.")
    assert row(runs[:1], "primary kill").endswith("pass"), "one run has no median worth a verdict"


def test_failures_with_and_without_retry_stand_side_by_side_with_their_reasons():
    lines = run(between(20, 21, first_status=502, detail="/cart/"))
    assert "20|0/1200" in row([result("web", lines=lines)], "web kill")
    assert "web kill: 14 times read product 502 /cart/" in card.text([result("web", lines=lines)])


def test_what_is_not_judged_stands_in_brackets():
    down = result("nginx", lines=run(between(FAULT, 31, first_status=0, status=0)))
    shown = row([down, GOOD], "nginx kill")
    assert "(420)|420/1200" in shown
    assert "1.0 ≤2" in shown
    assert shown.endswith("pass")


def test_an_invalid_run_says_why_and_hides_behind_no_other():
    invalid = result("web", lines=[])
    assert row([invalid], "web kill").endswith("INVALID")
    assert "web kill, 2026-11-21T13:00: invalid: no request was made" in card.text([invalid])
    assert row([invalid, GOOD], "web kill").endswith("pass")
    assert "0 of 1 drills pass, 1 INVALID." in card.text([invalid])


def test_a_lost_write_of_an_invalid_run_is_shown_beside_valid_ones():
    lost = result("web", lines=[], stored={"lost": ["review"], "twice": [], "acknowledged": 1})
    assert row([lost, GOOD], "web kill").endswith("FAIL")


def test_what_never_came_back_is_said_so():
    shown = row([result(whole_after=None), result(at="2026-11-21T14:00:00")], "primary kill")
    assert "10/never" in shown
    assert shown.endswith("FAIL")


def test_the_whole_matrix_fits_into_120_columns():
    slow = [result(lines=run(waiting(FAULT, 38, "write")), whole_after=70.5) for _ in range(8)]
    down = result("nginx", lines=run(between(FAULT, 60, first_status=0, status=0)))
    starved = result("stack", "starve")
    starved["figures"] |= {"failed": 12_000, "failed_with_retry": 9_000, "requests": 25_600, "write_gap": 290.0}
    shown = {("nginx", "kill"), ("stack", "starve")}
    others = [one for one in ALL[1:] if (one["record"]["victim"], one["record"]["fault"]) not in shown]
    text = card.text([*slow, *others, down, starved])
    assert len(text.splitlines()) > len(others)
    assert max(map(len, text.splitlines())) <= 120


def test_orders_and_stock_stand_beside_the_other_writes():
    broken = orders(lost=["a"], stuck=["b", "c"], stock=["d"], shop=["e", "f"])
    assert row([result("web", orders=broken)], "web kill").split()[-5:] == ["0/0/0", "1/0/2", "1/2", "10", "FAIL"]
    text = card.text([result("web", orders=broken)])
    assert "web kill, 2026-11-21T13:00: orders stuck 2, target 0" in text
    assert "web kill, 2026-11-21T13:00: stock off 1, target 0" in text


def test_results_from_before_there_were_orders_are_read(old):
    assert row([old], "web kill").split()[-5:] == ["0/0/0", "?", "?", "10", "pass"]
    assert "orders" not in card.text([old])


def test_without_results_it_says_so():
    assert card.text([]) == "No drill has been run."


# -- Colour ------------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colour_is_only_in_the_verdict():
    assert "\033[32mpass\033[0m" in card.text([GOOD], colour=True)
    assert "\033" not in card.text([GOOD])


@pytest.mark.parametrize(("setting", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_needs_a_terminal_that_wants_it(monkeypatch, setting, value):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert card.wants_colour(Terminal())
    assert not card.wants_colour(io.StringIO())
    monkeypatch.setenv(setting, value)
    assert not card.wants_colour(Terminal())
