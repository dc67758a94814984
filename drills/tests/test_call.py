"""The call: what is wrong with it is one sentence before anything is broken; each end has its status."""

import subprocess

import pytest

import drills.__main__ as call
from drills import load, lock, program, signals, store
from drills.undo import Journal

WEB = ["one", "--victim", "web", "--fault", "kill"]


@pytest.fixture(autouse=True)
def stack(monkeypatch, tmp_path):
    """One that runs, and drills that do nothing."""
    monkeypatch.setattr(signals, "install", lambda: None)
    monkeypatch.setattr(call, "containers", lambda: ["a container"])
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    monkeypatch.setattr(lock, "no_other_load", lambda: None)
    monkeypatch.setattr(load, "remove", lambda: False)
    monkeypatch.setattr(call, "early_release", lambda: False)
    monkeypatch.setattr(program, "one", lambda *_, **__: 0)


def play(monkeypatch, error: BaseException) -> None:
    def one(*_, **__):
        raise error

    monkeypatch.setattr(program, "one", one)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--runs", "0"], "RUNS=0: use a whole number from 1 to 100."),
        (["--rate", "fast"], "RATE=fast: use a number from 1 to 300."),
        (["--write-share", "30"], "WRITE_SHARE=30: use a number from 0.01 to 0.9."),
        (["--seconds", "1h"], "AWAY=1h: use a number from 1 to 300."),
    ],
)
def test_a_wrong_number_is_one_sentence_that_names_the_setting(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        call.main([*WEB, *words])
    assert end.value.code == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_more_load_than_can_be_is_a_wrong_call(capsys):
    assert call.main(["one", "--victim", "stack", "--fault", "starve", "--rate", "100"]) == 2
    assert capsys.readouterr().err == "error: RATE=100: stack starve loads 4 times as much; use at most 75.\n"
    assert call.main(["set", "--rate", "100"]) == 2
    assert call.main(["one", "--victim", "stack", "--fault", "starve", "--rate", "75"]) == 0


def test_without_names_it_lists_them(capsys):
    assert call.main(["one"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: say what to hit and how")
    assert "\nThe victims: nginx, " in said
    assert "\nThe faults: kill, " in said


@pytest.mark.parametrize("words", [["--name", "some"], ["--name", "ci", "--since", "no-such-commit"]])
def test_a_set_or_commit_that_is_not_there_is_a_wrong_call(words, capsys):
    assert call.main(["set", *words]) == 2
    assert f"there is no {'set' if 'some' in words else 'commit'}" in capsys.readouterr().err


def test_without_a_stack_there_is_nothing_to_break(monkeypatch, capsys):
    monkeypatch.setattr(call, "containers", list)
    assert call.main(WEB) == 2
    assert "the stack is not running. Start it with: make up" in capsys.readouterr().err


def test_the_verdict_is_the_status(monkeypatch):
    assert call.main(WEB) == 0
    monkeypatch.setattr(program, "one", lambda *_, **__: 1)
    assert call.main(WEB) == 1


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("POST /containers/x/kill: 500"), OSError("the engine's socket"),
        subprocess.TimeoutExpired("docker", 120),
    ],
)  # fmt: skip
def test_a_drill_that_breaks_off_says_what_is_put_back(monkeypatch, capsys, tmp_path, error):
    play(monkeypatch, error)
    assert call.main(WEB) == 1
    assert "the drill broke off" in (said := capsys.readouterr().err)
    assert said.endswith("What was broken is put back.\n")


def test_what_could_not_be_put_back_is_said_with_the_way_to_try_again(monkeypatch, capsys):
    def one(*_, **__):
        Journal(store.FOLDER).path.write_text("[]")
        raise AssertionError("the engine is gone")

    monkeypatch.setattr(program, "one", one)
    assert call.main(WEB) == 1
    assert "`make drill UNDO=1` tries again" in capsys.readouterr().err
    assert call.main(["undo"]) == 0
    assert not Journal(store.FOLDER).is_left()


def test_an_interruption_has_a_status_of_its_own(monkeypatch, capsys):
    play(monkeypatch, signals.Interrupted())
    assert call.main(WEB) == 130
    assert "interrupted: the load is ended. What was broken is put back." in capsys.readouterr().err
