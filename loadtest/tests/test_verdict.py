"""Figures and verdict: what is refused is not failed, what waited counts with its wait, an invalid run never passes."""

import io

import pytest

from loadtest.outcome import CONFIRMED, Outcome
from loadtest.progress import Progress, Record
from loadtest.tables import ending
from loadtest.verdict import INVALID, MISSED, PASSED, figures, judged, verdict

REFUSED = {"status": 503, "detail": "refused: 503, again in 5 s"}
THRESHOLDS = {"p95": 0.5, "p99": 1.0, "error_share": 0.001, "refused_share": 0.01}


def outcome(due=0.0, took=0.1, status=200, step="home", detail="", replica="web-1", cached=False, late=0.0) -> Outcome:
    end = due + took
    return Outcome("read", step, due, due + late, status, end, status, end, 1, cached, replica, "", detail)


def well(number=100) -> list[Outcome]:
    return [outcome(due=index / 10) for index in range(number)]


def test_a_503_that_says_when_to_come_again_is_refused_and_one_that_does_not_has_failed():
    found = figures([*well(8), outcome(**REFUSED), outcome(status=503)])
    assert (found["requests"], found["failed"], found["refused"]) == (10, 1, 1)
    assert (found["error_share"], found["refused_share"]) == (0.1, 0.1)


def test_a_wrong_page_has_failed_and_is_named():
    found = figures([*well(1), outcome(status=600, step="cart", detail="half a page")])
    assert found["failed"] == 1
    assert found["reasons"] == {"cart: half a page": 1}


def test_quick_refusals_do_not_make_the_rest_look_quick():
    found = figures([outcome(took=2.0), *(outcome(took=0.001, **REFUSED) for _ in range(99))])
    assert found["latency"]["p50"] == 2.0


def test_a_time_out_counts_with_the_time_it_took():
    assert figures([*well(90), *(outcome(took=60.0, status=0) for _ in range(10))])["latency"]["p95"] == 60.0


def test_how_long_an_order_waits_is_no_answers_time():
    waits = [outcome(took=seconds, step=CONFIRMED, due=number) for number, seconds in enumerate((0.2, 0.3, 3.0))]
    found = figures([*well(), *waits])
    assert found["latency"]["max"] == 0.1
    assert (found["confirmed"]["orders"], found["confirmed"]["p50"], found["confirmed"]["p95"]) == (3, 0.3, 3.0)
    assert {row["p99"] for row in found["per_second"][:10]} == {0.1}
    [missed] = [one for one in judged(found, THRESHOLDS | {"confirmed_p95": 1.0}) if not one["ok"]]
    assert (missed["name"], missed["figure"]) == ("confirmed_p95", 3.0)


def test_an_order_that_is_never_confirmed_has_failed():
    found = figures([*well(9), outcome(took=60.0, status=0, step=CONFIRMED)])
    assert (found["failed"], found["confirmed"]["p50"]) == (1, 60.0)


def test_the_ending_says_how_long_orders_took():
    text = ending(run([outcome(0, 0.2, step=CONFIRMED)]))
    assert "1 watched until they were confirmed: p50 200 ms, p95 200 ms" in text
    assert "watched" not in ending(run(well()))


def test_an_answer_after_the_limit_has_failed():
    assert figures([outcome(took=61.0)])["failed"] == 1


def test_seconds_show_what_was_planned_then_and_what_ended_then():
    rows = figures([outcome(due=0.5, took=2.0), outcome(due=1.2, took=0.1, status=500)])["per_second"]
    assert [(row["planned"], row["done"], row["failed"], row["in_flight"]) for row in rows] == [
        (1, 0, 0, 1), (1, 1, 1, 1), (0, 1, 0, 0),
    ]  # fmt: skip
    assert rows[0]["p95"] == 2.0


def test_replicas_are_counted_without_what_a_cache_answered():
    found = figures([outcome(replica="web-1"), outcome(replica="web-2"), outcome(replica="web-2", cached=True)])
    assert found["replicas"] == {"web-1": 1, "web-2": 1}
    assert found["cached"] == 1


def test_steps_have_a_row_each():
    rows = figures([outcome(step="home"), outcome(step="cart", status=500), outcome(step="cart")])["by_step"]
    assert [(row["step"], row["requests"], row["failed"]) for row in rows] == [("cart", 2, 1), ("home", 1, 0)]


def test_nothing_sent_is_no_division_by_zero():
    found = figures([])
    assert found["requests"] == found["error_share"] == 0
    assert found["per_second"] == []


@pytest.mark.parametrize(
    ("outcomes", "missed"),
    [
        (well(), []),
        ([outcome(took=0.7) for _ in range(100)], ["p95"]),
        ([outcome(took=1.2) for _ in range(100)], ["p95", "p99"]),
        ([*well(99), outcome(status=500)], ["error_share"]),
        ([*well(90), *(outcome(**REFUSED) for _ in range(10))], ["refused_share"]),
    ],
)
def test_a_threshold_is_missed_by_its_own_figure_alone(outcomes, missed):
    thresholds = judged(figures(outcomes), THRESHOLDS)
    assert [one["name"] for one in thresholds if not one["ok"]] == missed
    assert verdict(thresholds, None) == (MISSED if missed else PASSED)


def test_an_invalid_run_never_passes():
    assert verdict(judged(figures(well()), THRESHOLDS), "started late") == INVALID


def run(outcomes, invalid=None) -> dict:
    found = figures(outcomes) | {"seconds": 9.0, "invalid": invalid}
    thresholds = judged(found, THRESHOLDS)
    return found | {"thresholds": thresholds, "verdict": verdict(thresholds, invalid)}


def test_the_ending_says_which_threshold_is_missed_and_why():
    text = ending(run([*well(99), outcome(status=500, step="cart", detail="500")]))
    assert text.endswith("MISSED: error_share")
    assert "cart: 500" in text


def test_the_ending_of_an_invalid_run_says_why():
    assert "INVALID: the generator fell behind" in ending(run(well(), "the generator fell behind"))


def test_the_ending_of_an_interrupted_run_says_so():
    assert "Interrupted after 9 s; so far: PASSED" in ending(run(well()) | {"interrupted": True})


class TestProgress:
    def test_a_line_looks_back_a_few_seconds_and_counts_failures_from_the_start(self):
        record = Record()
        for one in [outcome(due=0, status=500), *(outcome(due=20 + index / 10, took=0.2) for index in range(50))]:
            record.tell(one)
        text = Progress(record, lambda: 25.2, 60, io.StringIO()).text()
        assert " ".join(text.split()) == "35 s left 10.0/s p50 200 p95 200 p99 200 ms 1 failed 0 refused"

    def test_without_a_terminal_it_writes_whole_lines(self, monkeypatch):
        monkeypatch.setattr("loadtest.progress.EVERY", 0.01)
        out, record = io.StringIO(), Record()
        progress = Progress(record, lambda: 1.0, 60, out).start()
        while out.getvalue().count("\n") < 2:
            pass
        progress.stop()
        assert "\r" not in out.getvalue()
