"""What is still to be run, what a set's verdict rests on, and what an invalid run is worth."""

import pytest
from loadtest.orders import SHARE

from drills import document, matrix, page, program, store
from drills.program import Asked, lacking, of_set
from drills.tests.samples import FAULT, result, run, waiting

LOAD = Asked(20.0, 0.3)
WEB, CACHE = matrix.drill("web", "kill"), matrix.drill("cache", "kill")
PRIMARY = matrix.drill("postgres-primary", "kill")


def done(drill=WEB, load=LOAD, *, at="2026-11-21T13:00:00", away=None, orders=SHARE, **changes) -> dict:
    set_up = {"rate": load.rate, "write_share": load.write_share, "away": drill.seconds if away is None else away}
    set_up |= {"early_release": True} if load.early_release else {}
    set_up |= {"orders": orders} if orders else {}
    return result(drill.victim.name, drill.fault.name, at=at, set_up=set_up, **changes)


@pytest.fixture
def kept(monkeypatch) -> list[dict]:
    """Results that there are; all of them of this commit."""
    found: list[dict] = []
    monkeypatch.setattr(store, "results", lambda *_, **__: found)
    monkeypatch.setattr(store, "head", lambda: "a" * 40)
    return found


def test_only_runs_of_the_same_drill_under_the_same_load_count():
    counts = of_set([WEB], LOAD)
    assert counts(done())
    assert not counts(done(CACHE))
    assert not counts(done(away=30))
    assert not counts(done(load=Asked(10.0, 0.3)))
    assert not counts(done(load=Asked(20.0, 0.5)))
    assert not counts(done(orders=0.5))
    assert not counts(result("web")), "a result that does not say how it was made"


def test_a_result_from_before_there_were_orders_stands_until_there_is_another():
    assert of_set([WEB], LOAD)(done(orders=None))
    assert of_set([WEB], Asked(20.0, 0.3, orders=0.5))(done(orders=None))


def test_early_release_is_another_question_where_a_leader_is_hit():
    early = Asked(20.0, 0.3, early_release=True)
    assert not of_set([PRIMARY], LOAD)(done(PRIMARY, early))
    assert of_set([PRIMARY], early)(done(PRIMARY, early))
    assert of_set([WEB], early)(done(WEB, LOAD))


def test_a_fault_that_comes_with_more_load_is_looked_for_under_that():
    starve = matrix.drill("stack", "starve")
    assert starve.fault.load == 4
    assert of_set([starve], LOAD)(done(starve, Asked(80.0, 0.3)))
    assert not of_set([starve], LOAD)(done(starve, LOAD))


def test_what_is_measured_on_small_disks_counts_for_the_full_disk_only():
    fill, small = matrix.drill("postgres-primary", "fill"), {"small_disks": True}
    usual = {"rate": 20.0, "write_share": 0.3, "early_release": False}
    assert of_set([fill], LOAD)(result("postgres-primary", "fill", set_up=usual | small | {"away": 30}))
    assert not of_set([WEB], LOAD)(result("web", set_up=usual | small | {"away": 10}))
    assert of_set([WEB], LOAD)(result("web", set_up=usual | {"away": 10, "small_disks": False}))


def test_what_a_stack_cannot_have_is_named_with_its_reason(monkeypatch, capsys):
    monkeypatch.setattr(program, "is_there", lambda drill: drill is not CACHE)
    monkeypatch.setattr(program, "lacks", lambda drill: "its disk is large." if drill.fault.small else "")
    monkeypatch.setattr(program, "are_small", lambda: False)
    assert program.present([WEB, CACHE, matrix.drill("postgres-primary", "fill")]) == [WEB]
    said = capsys.readouterr().out
    assert "left out, for this stack has none: cache\n" in said
    assert "left out: postgres-primary fill: its disk is large.\n" in said


def test_on_small_disks_only_the_full_one_is_measured(monkeypatch, capsys):
    fill = matrix.drill("postgres-primary", "fill")
    for name, value in (("is_there", True), ("lacks", ""), ("are_small", True)):
        monkeypatch.setattr(program, name, lambda *_, value=value: value)
    assert program.present([WEB, fill]) == [fill]
    assert "not those of small disks" in capsys.readouterr().out


def test_what_has_its_runs_is_not_run_again(kept):
    five = matrix.drill("postgres-primary", "kill", runs=5)
    kept += [done(), done(five), done(five, at="2026-11-21T13:05:00")]
    assert [(str(drill), drill.runs) for drill in lacking([WEB, CACHE, five], LOAD, "")] == [
        ("cache kill", 1), ("postgres-primary kill", 3)
    ]  # fmt: skip
    assert str(lacking([WEB], Asked(40.0, 0.3), "")[0]) == "web kill", "that was another load"


# -- The end -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch) -> dict[str, list[dict]]:
    """What page and document are made from."""
    found = {}

    def keep(name: str):
        return lambda results: found.update({name: results})

    monkeypatch.setattr(page, "write", keep("page"))
    monkeypatch.setattr(document, "write", keep("document"))
    return found


def test_the_page_shows_these_runs_and_how_all_others_stand(kept, written):
    mine = done(away=3)
    kept += [done(), done(CACHE)]
    assert program.end([mine]) == 0
    shown = [(program.key(one)[0], one["record"]["set_up"]["away"]) for one in written["page"]]
    assert shown == [("web", 3), ("cache", 10)]


def test_a_set_s_verdict_and_document_leave_other_loads_out(kept, written, monkeypatch):
    failed = done(load=Asked(15.0, 0.3), whole_after=None)  # a valid run, which missed a target
    kept += [done(), failed, done(away=60)]
    monkeypatch.setattr(program, "present", lambda drills: drills)
    assert program.several([WEB], LOAD, since="", is_all=True) == 0
    assert written["document"] == [kept[0]]
    monkeypatch.setattr(program, "runs", lambda *_: pytest.fail("it has its run already"))
    assert program.several([WEB], Asked(15.0, 0.3), since="", is_all=False) == 1


def test_an_interrupted_set_says_what_is_measured_so_far(kept, written, monkeypatch):
    kept += [done()]
    monkeypatch.setattr(program, "present", lambda drills: drills)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "runs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        program.several([WEB, CACHE], LOAD, since="", is_all=True)
    assert written["document"] == kept


def test_a_median_that_misses_its_target_is_no_success(kept, written):
    early = {"set_up": {"rate": 20, "write_share": 0.3, "early_release": True}}
    slow = [result(lines=run(waiting(FAULT, 15, "write")), at=f"2026-11-21T13:0{n}:00", **early) for n in range(3)]
    assert all(one["state"] == "pass" for one in slow)
    assert program.end(slow[:2]) == 0
    assert program.end(slow) == 1


def test_an_invalid_run_counts_until_there_is_a_better_one(kept, written):
    invalid = done(lines=[])
    assert program.end([]) == 1
    assert program.end([invalid]) == 1
    assert program.end([invalid, done()]) == 0


def test_a_run_that_cannot_tell_is_repeated_and_then_given_up(monkeypatch, capsys):
    monkeypatch.setattr(program, "run", lambda *_: {})
    monkeypatch.setattr(program, "judged", lambda record: done(lines=[]))
    assert len(program.runs(WEB, LOAD)) == 1 + program.REPEATS
    said = capsys.readouterr().out
    assert said.count("once more: no request was made") == program.REPEATS
    assert said.count("given up: ") == 1
    monkeypatch.setattr(program, "judged", lambda record: done(whole_after=None))
    assert len(program.runs(WEB, LOAD)) == 1, "a run that failed is a result"
