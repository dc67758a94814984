"""The ledger and its comparison with the table."""

import os

from loadtest.ledger import Ledger, compare, markers


def test_a_line_is_on_the_disk_before_the_write_counts(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append((tmp_path / "ledger").read_text()))
    Ledger(tmp_path / "ledger").acknowledge("m1", status=302)
    assert '"m1"' in synced[0]


def test_a_ledger_is_continued_not_overwritten(tmp_path):
    for marker in ("m1", "m2"):
        ledger = Ledger(tmp_path / "ledger")
        ledger.acknowledge(marker)
        ledger.close()
    assert markers(tmp_path / "ledger") == ["m1", "m2"]


def test_compare_finds_what_is_lost_and_what_is_there_twice():
    assert compare(["a", "b", "c"], ["b", "b", "c"]) == {"lost": ["a"], "twice": ["b"]}


def test_a_write_whose_answer_was_lost_is_no_error():
    assert compare(["a"], ["a", "unanswered"]) == {"lost": [], "twice": []}
