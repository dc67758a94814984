import errno
import json
import subprocess
from pathlib import Path

import pytest

from drills import store
from drills.judge import figures, verdict
from drills.tests.samples import record, run

LINES = run()


def is_kill(result) -> bool:
    return (result["record"]["victim"], result["record"]["fault"]) == ("postgres-primary", "kill")


def keep(folder, at="2026-11-21T13:00:00+00:00", lines=LINES, **changes):
    made = record(at=at, **changes)
    found = figures(made, lines)
    return store.add(made, found, verdict(found, made["victim"], made["fault"]), folder)


@pytest.fixture
def history(tmp_path, monkeypatch) -> list[str]:
    """A repository of three commits; -> their names, the last one is HEAD."""
    monkeypatch.setattr(store, "ROOT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run([*git, "init", "-q"], check=True)
    for number in range(3):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", str(number)], check=True)
    log = subprocess.run([*git, "rev-list", "--reverse", "HEAD"], check=True, text=True, capture_output=True)
    return log.stdout.split()


def test_a_result_is_a_file_of_its_own_named_after_drill_and_time(tmp_path):
    path = keep(tmp_path)
    assert path.name == "postgres-primary-kill-20261121T130000Z.json"
    keep(tmp_path, at="2026-11-21T13:05:00+00:00")
    assert [result["record"]["at"][14:16] for result in store.results(folder=tmp_path)] == ["00", "05"]


def test_a_result_holds_figures_checks_and_the_verdict(tmp_path):
    result = json.loads(keep(tmp_path).read_text())
    assert result["state"] == "pass"
    assert result["figures"]["requests"] == 1200
    assert result["checks"][1] == {"name": "failed", "target": "0", "figure": 0, "ok": True}


@pytest.mark.parametrize("text", ["", '{"record": {"vic', "[]", '{"record": {}}'])
def test_a_broken_file_is_skipped_with_a_warning(tmp_path, capsys, text):
    keep(tmp_path)
    (tmp_path / "web-kill-20261121T130100Z.json").write_text(text)
    assert len(store.results(folder=tmp_path)) == 1
    assert "web-kill-20261121T130100Z.json is not a drill's result" in capsys.readouterr().err


def test_without_a_folder_there_are_no_results(tmp_path):
    assert store.results(folder=tmp_path / "none") == []


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path)
    assert list(Path(tmp_path).iterdir()) == []


def test_have_counts_valid_runs_of_this_commit(tmp_path, history):
    folder = tmp_path / "drills"
    keep(folder, commit=history[2])
    keep(folder, commit=history[2], at="2026-11-21T13:05:00+00:00", whole_after=None)
    keep(folder, commit=history[2], at="2026-11-21T13:06:00+00:00", lines=[])
    keep(folder, commit=history[2], at="2026-11-21T13:07:00+00:00", dirty=True)
    keep(folder, commit=history[1], at="2026-11-21T13:08:00+00:00")
    assert store.have(is_kill, folder=folder) == 2, "a failed run was measured; an empty one was not"
    assert store.have(lambda result: not is_kill(result), folder=folder) == 0


def test_have_since_counts_that_commit_and_what_follows(tmp_path, history):
    folder = tmp_path / "drills"
    for number, commit in enumerate(history):
        keep(folder, commit=commit, at=f"2026-11-21T13:0{number}:00+00:00")
    assert store.have(is_kill, since=history[1], folder=folder) == 2
    assert store.have(is_kill, since=history[1][:10], folder=folder) == 2
    assert len(store.results(since=history[2], folder=folder)) == 1


def test_an_unknown_commit_is_said(tmp_path, history):
    keep(tmp_path / "drills", commit=history[0])
    with pytest.raises(ValueError, match="no commit 'abc'"):
        store.have(is_kill, since="abc", folder=tmp_path / "drills")


# -- How things stand --------------------------------------------------------------------------------------------------


def test_without_since_each_drill_stands_as_its_newest_commit_left_it(tmp_path, history):
    folder = tmp_path / "drills"
    for number, commit in enumerate([history[0], history[1], history[1]]):
        keep(folder, commit=commit, at=f"2026-11-21T13:0{number}:00+00:00")
    keep(folder, commit=history[2], at="2026-11-21T13:05:00+00:00", lines=[])
    keep(folder, victim="web", commit=history[0])
    found = [(r["record"]["victim"], r["record"]["commit"]) for r in store.standing(folder=folder)]
    assert sorted(found) == sorted([("postgres-primary", history[1])] * 2 + [("web", history[0])])
    assert len(store.standing(since=history[0], folder=folder)) == 5


def test_the_figures_are_of_the_latest_runs_and_the_invalid_ones_between_them(tmp_path, history, monkeypatch):
    monkeypatch.setattr(store, "LATEST", 2)
    folder = tmp_path / "drills"
    for number, lines in enumerate([LINES, [], LINES, [], LINES]):
        keep(folder, commit=history[2], at=f"2026-11-21T13:0{number}:00+00:00", lines=lines)
    assert [result["record"]["at"][15] for result in store.standing(folder=folder)] == ["2", "3", "4"]


def test_a_shorter_fault_does_not_stand_in_for_the_whole_one(tmp_path, history):
    folder = tmp_path / "drills"
    for number, away in enumerate([60, 5]):
        set_up = {"rate": 20, "write_share": 0.3, "away": away}
        keep(folder, commit=history[2], at=f"2026-11-21T13:0{number}:00+00:00", set_up=set_up)
    assert [result["record"]["set_up"]["away"] for result in store.standing(folder=folder)] == [60]
    short = store.standing(folder=folder, counts=lambda result: result["record"]["set_up"]["away"] < 60)
    assert [result["record"]["set_up"]["away"] for result in short] == [5]


def test_runs_of_a_stack_that_is_set_up_otherwise_do_not_stand_in_for_the_newest(tmp_path, history):
    folder = tmp_path / "drills"
    for number, early in enumerate([{"early_release": True}, {}]):
        set_up = {"rate": 20, "write_share": 0.3, "away": 5} | early
        keep(folder, commit=history[2], at=f"2026-11-21T13:0{number}:00+00:00", set_up=set_up)
    (found,) = store.standing(folder=folder)
    assert "early_release" not in found["record"]["set_up"]


def test_what_the_short_set_allows_its_load_is_no_figure(tmp_path, history):
    folder = tmp_path / "drills"
    for number, late in enumerate([0.005, 0.1]):
        set_up = {"rate": 20, "write_share": 0.3, "away": 5, "late": late}
        keep(folder, commit=history[2], at=f"2026-11-21T13:0{number}:00+00:00", set_up=set_up)
    assert store.have(is_kill, folder=folder) == 1
    assert [result["record"]["set_up"]["late"] for result in store.standing(folder=folder)] == [0.005]
