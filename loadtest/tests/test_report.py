"""The report: two files or none, everything named that a reader must know, nothing fetched."""

import errno
import json
import os
import re
from xml.etree import ElementTree

import pytest

from loadtest.report import NotWritten, write

from .samples import made, record, sample


def text_of(run: dict, folder) -> str:
    document = write(run, folder).read_text()
    return " ".join("".join(ElementTree.fromstring(document.split("\n", 1)[1]).itertext()).split())


def test_two_files_named_after_profile_and_time_in_utc(tmp_path):
    path = write(made(began="2026-03-01T14:00:00+02:00"), tmp_path)
    assert path.name == "loadtest-mixed-20260301-120000.html"
    assert sorted(os.listdir(tmp_path)) == [
        "loadtest-mixed-20260301-120000.html",
        "loadtest-mixed-20260301-120000.json",
    ]


def test_the_json_is_the_run_with_its_comparison(tmp_path):
    found = json.loads(write(made(), tmp_path).with_suffix(".json").read_text())
    assert found == json.loads(json.dumps(made())) | {"previous": None}


def test_it_names_verdict_targets_machine_versions_settings_and_commit(tmp_path):
    text = text_of(made(), tmp_path)
    for part in (
        "passed",
        "50 ms",
        "target ≤ 600 ms",
        "2 cores <of> something",
        "Python 3.13",
        "abc123",
        "rate",
        "10 s at 20/s",
    ):
        assert part in text


def test_a_missed_threshold_and_an_invalid_run_are_said(tmp_path):
    missed = [{"name": "p99", "target": 0.05, "figure": 0.1, "ok": False}]
    text = text_of(made(thresholds=missed, verdict="invalid", invalid="99 % of starts came 12 ms late"), tmp_path)
    assert "✗ target ≤ 50 ms" in text
    assert "99 % of starts came 12 ms late. These figures judge nothing." in text


def test_containers_are_listed_with_their_limits_the_busiest_first(tmp_path):
    document = write(made(), tmp_path).read_text()
    row = re.search(r"<tr><td>web-1</td>.*?</tr>", document)[0]
    assert "20.0 %" in row
    assert "50.0 %" in row  # 100 of 200 bytes
    assert document.index("<td>web-1</td>") < document.index("<td>haproxy-1</td>")


def test_spread_over_replicas_is_a_share_of_what_they_answered(tmp_path):
    assert re.search(r"web-1</td><td class=\"number\">60</td>.{0,80}60\.0 %", write(made(), tmp_path).read_text())


def test_a_kill_for_memory_is_said(tmp_path):
    killed = record([sample(1.0)]) | {"oom_kills": {"web-1": 1}}
    assert "killed for memory web-1" in text_of(made(containers=killed), tmp_path)


def test_a_run_without_samples_or_requests_still_has_a_report(tmp_path):
    empty = made(containers=record([]), per_second=[], requests=0, seconds=0.0, by_step=[], replicas={}, statuses={})
    assert "Nothing was sampled" in text_of(empty, tmp_path)


def test_the_run_before_is_compared(tmp_path):
    write(made(), tmp_path)
    later = made(began="2026-03-01T13:00:00+00:00", latency={"p50": 0.04, "p95": 0.1, "p99": 0.1, "max": 1})
    found = json.loads(write(later, tmp_path).with_suffix(".json").read_text())["previous"]
    assert found["began"] == made()["began"]
    assert found["figures"]["p95"]["ratio"] == 2.0


def test_the_page_fetches_nothing(tmp_path):
    document = write(made(), tmp_path).read_text()
    assert set(re.findall(r"https?://[^\"' )<]+", document)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|<link|<img|@import|url\(|\bsrc=", document)


def test_a_folder_that_is_not_there_is_one_named_failure(tmp_path):
    with pytest.raises(NotWritten) as caught:
        write(made(), tmp_path / "missing")
    assert "No such file or directory" in caught.value.strerror
    assert "REPORTS_DIR" in caught.value.strerror


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("loadtest.report.os.fsync", full)
    with pytest.raises(NotWritten, match="No space left on device"):
        write(made(), tmp_path)
    assert os.listdir(tmp_path) == []
