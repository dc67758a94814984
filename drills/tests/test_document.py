import pytest

from drills import document, matrix
from drills.standing import standings
from drills.tests.samples import FAULT, between, record, result, run, waiting

ENDS = enumerate((20, 28, 36))
GAP = [result(lines=run(waiting(FAULT, end, "write")), at=f"2026-11-21T13:0{n}:00") for n, end in ENDS]
WEB = result("web", commit="b" * 40, dirty=True)


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_row_has_target_beside_figure_median_and_worst_and_its_commit():
    assert row(document.text(GAP, {}), "postgres-primary kill") == [
        "postgres-primary kill", "3 of 10", "0 of 3600 (0)", "0", "18.0 / 26.0 (≤ 24)", "0.1 / 0.1 (< 2)", "25.9", "3",
        "0", "0", "0", "0 / 0 / 0 of 360", "0 / 0", "0.4 / 0.4", "10 / 10", "0", "FAIL", "aaaaaaaaa",
    ]  # fmt: skip


def test_machine_commit_and_what_is_not_measured_are_named():
    text = document.text([WEB], {})
    assert "Measured on 2 cores of a test. 1 of 1 drills measured reach their targets." in text
    assert row(text, "web kill")[-1] == "bbbbbbbbb+"
    assert "web stop, pause, cut, rolling;" in text
    assert "web kill" not in document.unmeasured({"web kill"})


def test_with_all_measured_nothing_is_left_open():
    assert document.unmeasured({str(drill) for drill in matrix.every()}) == ""


def test_every_fault_is_told_in_words_with_whom_it_fits():
    text = document.text([], {})
    assert "- `kill`: SIGKILL, as if its machine had gone; 10 s\n" in text
    assert "- `cut-voter` (postgres-primary): packets to and from one of the other Postgres nodes vanish" in text
    assert "- `switchover` (postgres-primary): planned work: the primary hands over to a standby\n" in text
    assert all(f"- `{fault.name}`" in text for fault in matrix.FAULTS)


def test_a_drill_under_another_load_is_told_apart():
    starve = result("stack", "starve", set_up={"rate": 80, "write_share": 0.3, "load_ends": True})
    usual, other = document.client(standings([starve, *GAP, WEB]))
    assert usual.startswith("The load: 20 requests a second")
    assert other.startswith("stack starve: The load: 80 requests a second")
    assert document.client([]) == []


def test_of_the_whole_stack_the_first_write_is_told_and_its_own_time_to_be_whole():
    cells = row(document.text([result("stack")], {}), "stack kill")
    assert cells[4] == "0.2; back 0.1 (≤ 60)"
    assert cells[14] == "10 (≤ 180)"


def test_where_the_leadership_may_not_move_the_target_stands_beside():
    assert row(document.text([result("postgres-primary", "slow")], {}), "postgres-primary slow")[7] == "1 (0)"


def test_the_median_s_target_stands_before_the_worst_s():
    early = {"set_up": {"rate": 20, "write_share": 0.3, "early_release": True}}
    runs = [result(lines=run(waiting(FAULT, 14, "write")), at=f"2026-11-21T13:0{n}:00", **early) for n in range(3)]
    assert row(document.text(runs, {}), "postgres-primary kill")[4] == "4.0 / 4.0 (≤ 4.5 / 6)"


def test_where_a_leader_is_hit_it_is_said_whether_leases_are_released_early():
    assert "Early release of a dead leader's lease ([0028](" in document.text(GAP, {})
    assert "is off. 0 of 1 drills measured reach their targets." in document.text(GAP, {})


def test_how_long_an_order_waited_stands_beside_its_target():
    cells = row(document.text([result("redis-master")], {}), "redis-master kill")
    assert cells[11:14] == ["0 / 0 / 0 of 120", "0 / 0", "0.4 (≤ 10)"]
    cells = row(document.text([result("redis", "wipe")], {}), "redis wipe")
    assert cells[13] == "0.4; after the undoing 0.2 (≤ 60)"


def test_results_from_before_there_were_orders_keep_their_rows(old):
    text = document.text([old], {})
    assert row(text, "web kill")[11:14] == ["?", "?", "?"]
    assert row(text, "web kill")[-2] == "pass"
    assert "30 % of them writes. For the figures" in text


def test_rows_keep_their_order():
    assert document.text([*GAP, WEB], {}) == document.text([WEB, *GAP], {})


def test_of_nginx_the_return_is_told():
    lines = run(between(FAULT, 31, first_status=0, status=0))
    cells = row(document.text([result("nginx", lines=lines)], {}), "nginx kill")
    assert cells[2] == "420 of 1200"
    assert cells[4] == "21.1; back 1.0 (≤ 2)"


def test_a_missed_target_is_said_with_its_reason():
    text = document.text(GAP, {"postgres-primary kill": "the lease runs 20 s"})
    assert "- postgres-primary kill, 2026-11-21T13:02: write gap 26, target ≤ 24 s\n  Why: the lease runs 20 s" in text
    assert "Why: not explained yet" in document.text(GAP, {})
    assert "No target is missed." not in text


def test_a_remark_on_what_passes_is_kept():
    text = document.text([WEB], {"web kill": "as planned"})
    assert "No target is missed.\n\n- web kill: as planned" in text


def test_raw_and_good_client_are_both_described():
    text = document.text([WEB], {})
    assert "Raw figures are those of first tries" in text
    with_orders = record(set_up={"rate": 20, "write_share": 0.3, "orders": 0.33})
    assert "30 % of them writes, 33 % of those orders. For the figures" in document.said(with_orders)
    assert "tries again after no answer, 429, 502, 503, 504, with the same key" in text
    assert "The client tried nothing again." in document.said(record(client={}))


def test_the_page_is_rewritten_whole(tmp_path):
    page = tmp_path / "failover.md"
    page.write_text("old")
    document.write([WEB], page)
    first = page.read_text()
    document.write([WEB], page)
    assert page.read_text() == first
    assert first.startswith("# Failover")
    assert list(tmp_path.iterdir()) == [page]


def test_without_results_it_says_so():
    assert "Nothing is measured yet." in document.text([], {})


@pytest.mark.parametrize("name", document.remarks())
def test_remarks_are_on_drills_that_exist(name):
    assert name in {str(drill) for drill in matrix.every()}
