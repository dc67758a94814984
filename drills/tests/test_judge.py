import json

import pytest

from drills.judge import FAIL, INVALID, PASS, figures, load, state, verdict
from drills.tests.samples import FAULT, UNDO, between, outcome, record, run, waiting


def judged(lines, victim="postgres-primary", fault="kill", **changes) -> tuple[dict, str]:
    found = figures(record(victim, fault, **changes), lines)
    return found, state(verdict(found, victim, fault))


def missed(lines, victim="postgres-primary", fault="kill", **changes) -> set[str]:
    found = figures(record(victim, fault, **changes), lines)
    return {check.name for check in verdict(found, victim, fault) if not check.ok}


# -- Figures -----------------------------------------------------------------------------------------------------------


def test_a_fault_without_effect_has_gaps_of_the_normal_spacing_and_passes():
    found, result = judged(run(), "web")
    assert result == PASS
    assert (found["requests"], found["failed"], found["invalid"]) == (1200, 0, None)
    assert found["write_gap"] == pytest.approx(0.2)
    assert found["read_gap"] == pytest.approx(0.1)
    assert found["slowest"] == pytest.approx(0.02)


def test_writes_that_wait_are_a_gap_not_failures():
    found, result = judged(run(waiting(FAULT, 30, "write")))
    assert (found["failed"], result) == (0, PASS)
    assert found["write_gap"] == pytest.approx(20, abs=0.2)
    assert found["read_gap"] < 0.2
    assert found["slowest"] == pytest.approx(19.9, abs=0.2)


def test_a_gap_above_its_target_fails():
    assert missed(run(waiting(FAULT, 35, "write"))) == {"write_gap"}
    assert missed(run(waiting(FAULT, 13, "read"))) == {"read_gap"}
    assert missed(run(waiting(FAULT, 13, "write")), "cache") == {"write_gap"}


def test_a_gap_before_the_fault_is_not_the_fault_s():
    found, _ = judged(run(waiting(1, 6, "write")))
    assert found["write_gap"] == pytest.approx(0.2)


def test_an_outage_to_the_end_of_the_load_counts_whole():
    found, _ = judged(run(between(50, 60, "write", first_status=0, status=0, first_end=61)))
    assert found["write_gap"] >= 10


def test_back_after_counts_from_the_undo_and_is_all_that_nginx_is_judged_by():
    found, result = judged(run(between(FAULT, UNDO + 1.5, first_status=0, status=0)), "nginx")
    assert found["back_after"] == pytest.approx(1.52)
    assert found["failed"] > 400
    assert result == PASS
    assert missed(run(between(FAULT, UNDO + 3, first_status=0, status=0)), "nginx") == {"back_after"}
    assert missed(run(between(FAULT, 60, first_status=0, status=0)), "nginx") == {"back_after"}


def test_of_the_whole_stack_the_first_good_write_counts_from_the_undoing():
    silent = between(FAULT, UNDO + 1, first_status=0, status=0)
    late = between(FAULT, UNDO + 20, "write", first_status=0, status=0)
    found, result = judged(run(lambda line: silent(line) | late(line)), "stack")
    assert found["back_after"] == pytest.approx(1.02)
    assert found["write_back_after"] == pytest.approx(20.1, abs=0.1)
    assert result == PASS
    assert missed(run(between(FAULT, 60, "write", first_status=0, status=0)), "stack") == {"write_back_after"}


def test_a_load_that_ends_with_the_fault_makes_no_run_short():
    lines, set_up = run()[:700], {"rate": 20, "write_share": 0.3}
    assert "before the drill's last event" in judged(lines, "stack", "starve", set_up=set_up)[0]["invalid"]
    assert judged(lines, "stack", "starve", set_up=set_up | {"load_ends": True})[0]["invalid"] is None


def test_the_reasons_of_failures_are_counted():
    found, _ = judged(run(between(20, 21, first_status=503, status=503, detail="/cart/")))
    assert found["reasons"] == {"read product 503 /cart/": 14, "write product 503 /cart/": 6}


def test_the_timeline_puts_latency_where_the_wait_began():
    found, _ = judged(run(waiting(FAULT, 30, "write")))
    writes = found["timeline"]["write"]
    assert writes["done"][9:12] == [6, 0, 0]
    assert writes["done"][30] == 126
    assert writes["max"][10] == pytest.approx(19.9, abs=0.1)
    assert found["timeline"]["read"]["failed"] == [0] * 60


# -- Ways to look good that are not ------------------------------------------------------------------------------------


def test_reads_from_a_cache_end_no_gap():
    found, result = judged(run(between(FAULT, 20, "read", cached=True)))
    assert found["read_gap"] == pytest.approx(10, abs=0.2)
    assert result == FAIL


def test_a_failure_that_the_retry_mended_is_still_a_failure():
    found, result = judged(run(between(20, 20.05, first_status=502, end=22.0, tries=2)), "web")
    assert (found["failed"], found["failed_with_retry"], result) == (1, 0, FAIL)


def test_an_answer_after_60_s_is_none():
    found, _ = judged(run(between(20, 20.05, first_end=80.1)), "web")
    assert (found["failed"], found["failed_with_retry"]) == (1, 1)


def test_a_gap_that_only_retries_close_stays_a_gap():
    found, result = judged(run(between(20, 24, "write", first_status=503, end=24.0, tries=3)), "web")
    assert found["write_gap"] > 4
    assert found["write_gap_with_retry"] == pytest.approx(4, abs=0.2)
    assert result == FAIL


@pytest.mark.parametrize("kind", ["lost", "twice"])
def test_a_lost_or_doubled_write_fails(kind):
    stored = {"lost": [], "twice": [], "acknowledged": 360, kind: ["review test 7"]}
    assert missed(run(), stored=stored) == {kind}


def test_an_own_write_that_is_not_seen_fails():
    lines = [*run(), outcome("look", 20.3, first_status=0, status=0, detail="unseen: review test 7")]
    assert missed(lines) == {"failed", "unseen"}
    assert missed([*run(), outcome("look", 20.3, detail="unseen: review test 7")]) == {"unseen"}


def test_an_own_write_that_only_a_retry_does_not_show_counts_as_well():
    detail = "OSError: reset → unseen: review test 7"
    look = outcome("look", 20.3, first_status=0, status=600, end=21, tries=2, detail=detail)
    assert missed([*run(), look]) == {"failed", "unseen"}


def test_an_operator_s_hand_or_no_return_to_redundancy_fails():
    assert missed(run(), operator=["reinitialized postgres-1"]) == {"operator"}
    assert missed(run(), whole_after=None) == {"whole_after"}
    assert missed(run(), whole_after=121) == {"whole_after"}


def test_what_the_record_does_not_say_is_not_counted_as_none():
    assert missed(run(), stored={"acknowledged": 360}) == {"lost", "twice"}
    assert missed(run(), operator=None) == {"operator"}


def test_a_drill_without_targets_has_no_verdict():
    with pytest.raises(LookupError):
        verdict(figures(record(), run()), "teapot", "kill")


# -- Runs that cannot tell ---------------------------------------------------------------------------------------------

LATE = run(lambda line: {"start": line["due"] + 0.01} if line["due"] > 59 else {})
FEW_WRITES = run(lambda line: {"kind": "read"} if line["due"] > 50 else {})
NO_LEDGER = {"lost": [], "twice": [], "acknowledged": 0}
SHORT_LEDGER = {"lost": [], "twice": [], "acknowledged": 12}


@pytest.mark.parametrize(
    ("lines", "changes", "reason"),
    [
        ([], {}, "no request was made"),
        ([{}], {}, "no request was made"),
        ([*run(), {}], {}, "1 of 1201 lines of the outcomes cannot be read"),
        ([*run(), outcome(due=float("nan"))], {}, "1 of 1201 lines"),
        ([*run(), outcome(due=5, start=6)], {}, "1 of 1201 lines"),
        (LATE, {}, "came late: p99 of its starts 10 ms"),
        (run()[:500], {}, "the load ended at 25 s, before the drill's last event at 40 s"),
        (run()[:300] + run()[400:], {}, "only 1100 of 1200 planned requests have an outcome"),
        (FEW_WRITES, {}, "only 300 of 360 planned writes were offered"),
        (run(), {"stored": NO_LEDGER}, "the ledger has no line"),
        (run(), {"stored": {}}, "the ledger has no line"),
        (run(), {"stored": SHORT_LEDGER}, "12 lines for 360 acknowledged writes"),
        (run(), {"events": []}, "no moment of the fault"),
        (run(), {"set_up": {}}, "does not say what load was planned"),
        (run(), {"stolen": 0.3}, "the host kept 30% of this machine's cores to itself, at most 25%"),
    ],
)
def test_a_run_that_cannot_tell_is_invalid_and_says_why(lines, changes, reason):
    found, result = judged(lines, **changes)
    assert reason in found["invalid"]
    assert result in (INVALID, FAIL)
    assert "valid" in missed(lines, **changes)


def test_a_set_that_asks_for_no_figures_may_start_later():
    assert judged(LATE, set_up={"rate": 20, "write_share": 0.3, "late": 0.1})[1] == PASS
    assert judged(LATE, set_up={"rate": 20, "write_share": 0.3, "late": 0.009})[1] == INVALID


def test_what_a_starved_machine_missed_is_no_result_but_what_it_lost_is():
    slow, lost = run(waiting(FAULT, 35, "write")), {"lost": ["review test 7"], "twice": [], "acknowledged": 360}
    assert judged(slow, stolen=0.25)[1] == FAIL
    assert judged(slow, stolen=0.26)[1] == INVALID
    assert judged(run(), stolen=0.26, stored=lost)[1] == FAIL


def test_a_record_of_before_the_host_was_looked_at_is_judged_as_ever():
    assert "stolen" not in record()
    assert judged(run())[1] == PASS


def test_an_invalid_run_neither_passes_nor_fails_but_excuses_no_lost_write():
    assert judged(LATE)[1] == INVALID
    assert judged(LATE, stored=NO_LEDGER | {"acknowledged": 360, "lost": ["review test 7"]})[1] == FAIL


def test_lines_are_read_from_the_file_and_a_torn_one_is_not_dropped(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in run()) + '\n{"kind": "re')
    assert len(load(path)) == 1201
    assert judged(load(path))[1] == INVALID
    assert load(tmp_path / "missing.jsonl") == []


def test_slack_is_for_seconds_and_for_no_count():
    found = figures(record(), run())
    usual, slack = (verdict(found, "postgres-primary", "stop", early=True, slack=times) for times in (1, 2))
    assert {check.name: check.target for check in usual}["write_gap"] == "≤ 3 s"
    assert {check.name: check.target for check in slack}["write_gap"] == "≤ 6 s"
    assert {check.name: check.target for check in slack}["lost"] == "0"
