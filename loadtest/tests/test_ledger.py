"""The ledger and its comparison with the table."""

import os
import threading
import time

from loadtest.ledger import Ledger, compare, lines, markers


def test_a_line_is_on_the_disk_before_the_write_counts(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append((tmp_path / "ledger").read_text()))
    Ledger(tmp_path / "ledger").acknowledge("m1", status=302)
    assert '"m1"' in synced[0]


def test_those_who_wait_together_are_served_by_one_sync(tmp_path):
    syncs = []

    def slow(descriptor):
        syncs.append((tmp_path / "ledger").read_text().count("\n"))
        time.sleep(0.1)

    ledger = Ledger(tmp_path / "ledger", slow)
    threads = [threading.Thread(target=ledger.acknowledge, args=(f"m{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert syncs[-1] == 20  # the last sync began after all lines were written
    assert len(syncs) < 20


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


def test_each_line_is_read_with_its_facts(tmp_path):
    ledger = Ledger(tmp_path / "ledger")
    ledger.acknowledge("m1", order="o1")
    assert lines(tmp_path / "ledger") == [{"marker": "m1", "order": "o1"}]
