"""The drill's load: its arguments, its lines, its files."""

import errno
import io
import json

import pytest

from loadtest import drill
from loadtest.ledger import lines
from loadtest.outcome import Outcome
from loadtest.traffic import Traffic

from .cardboard import Edge

OUTCOME = Outcome("write", "review", 1.23456, 1.2, 0, 1.3, 302, 2.0, 2, False, "web-1", "abc", "gone")


@pytest.fixture
def cardboard(monkeypatch):
    monkeypatch.setattr(drill, "make_traffic", lambda ledger, writes, share: Traffic(Edge(), ledger, share=share))
    monkeypatch.setattr(drill.greenlets, "sync", lambda descriptor: None)
    monkeypatch.setattr(drill.greenlets, "quiet_collector", lambda: None)
    monkeypatch.setattr(drill.greenlets, "go_first", lambda: False)
    monkeypatch.setattr(drill, "on_signal", lambda action: None)


def test_it_says_ready_started_ended_and_keeps_everything(cardboard, tmp_path, capsys):
    drill.play(drill.arguments(["--rate", "40", "--seconds", "1", "--out", str(tmp_path)]))
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["ready", "started", "ended"]
    assert events[1]["monotonic"] > 0
    assert events[2]["requests"] == 40
    assert len((tmp_path / "outcomes.jsonl").read_text().splitlines()) == 40 + 12
    assert len(ledger := lines(tmp_path / "ledger.jsonl")) == 12
    client = json.loads((tmp_path / "client.json").read_text())
    assert all(client["name"] in line["marker"] or line["buyer"] in client["buyers"] for line in ledger)
    assert (client["orders"], sum("order" in line for line in ledger)) == (0.1, 1)
    assert client["retry"]["again"] == "same key, same body"


def test_a_line_has_what_the_judge_reads():
    file = io.StringIO()
    drill.writer(file)(OUTCOME)
    read = Outcome(**json.loads(file.getvalue()))
    assert read.due == 1.2346
    assert (read.kind, read.first_status, read.status, read.tries, read.detail) == ("write", 0, 302, 2, "gone")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["--rate", "0"], "--rate 0: use 0.1 to 500"),
        (["--rate", "9999"], "--rate 9999: use"),
        (["--write-share", "1.5"], "--write-share 1.5: use 0 to 1"),
        (["--orders", "2"], "--orders 2: use 0 to 1"),
        (["--seconds", "0"], "--seconds 0: use"),
    ],
)
def test_a_plan_out_of_bounds_is_refused(given, problem, capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        drill.arguments([*given, "--out", str(tmp_path)])
    assert end.value.code == 2
    assert problem in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(drill.Refused, match="give another --out"):
        drill.open_folder(tmp_path / "file" / "out")


def test_a_disk_that_fills_up_ends_the_run(cardboard, tmp_path, monkeypatch):
    def full(outcome):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(drill, "writer", lambda file: full)
    with pytest.raises(drill.Refused, match="not whole"):
        drill.play(drill.arguments(["--rate", "40", "--seconds", "30", "--out", str(tmp_path)]))


def test_a_line_is_on_its_way_at_once():
    file = io.StringIO()
    drill.writer(file)(OUTCOME)
    assert file.getvalue().endswith("\n")
