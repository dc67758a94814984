"""The run before: the right one is chosen, what differs is said, foreign files are skipped."""

import json

import pytest

from loadtest.compare import compare, previous

from .samples import made


def keep(folder, name, run):
    (folder / f"loadtest-mixed-{name}.json").write_text(run if isinstance(run, str) else json.dumps(run))


def test_the_latest_earlier_run_is_the_one(tmp_path):
    for day in ("01", "02", "09"):
        keep(tmp_path, day, made(began=f"2026-02-{day}T00:00:00+00:00"))
    run = made(began="2026-02-05T00:00:00+00:00")
    assert previous(tmp_path, run)["began"].startswith("2026-02-02")


def test_one_with_the_same_settings_goes_before_a_later_one_with_others(tmp_path):
    keep(tmp_path, "1", made(began="2026-02-01T00:00:00+00:00"))
    keep(tmp_path, "2", made(began="2026-02-02T00:00:00+00:00", settings=made()["settings"] | {"rate": 99}))
    assert previous(tmp_path, made())["began"].startswith("2026-02-01")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '"text"', json.dumps({"profile": "mixed"}), json.dumps(made(latency=None)),
     json.dumps(made(settings=[])), json.dumps(made(began=5)), json.dumps(made(requests="many")),
     json.dumps(made(profile="buy")), json.dumps(made(verdict="invalid"))],
)  # fmt: skip
def test_a_broken_or_foreign_file_is_skipped(tmp_path, text):
    keep(tmp_path, "2", text)
    assert previous(tmp_path, made(began="2027-01-01T00:00:00+00:00")) is None
    keep(tmp_path, "1", made())
    assert previous(tmp_path, made(began="2027-01-01T00:00:00+00:00")) == json.loads(json.dumps(made()))


def test_differences_are_ratios():
    before = made()
    now = made(seconds=20.0, latency={"p50": 0.04, "p95": 0.05, "p99": 0.05, "max": 1}, error_share=0.1)
    found = compare(before, now)["figures"]
    assert found["rate"] == {"before": 20.0, "now": 10.0, "ratio": 0.5}
    assert [found[name]["ratio"] for name in ("p50", "p95", "p99")] == [2.0, 1.0, 0.5]
    assert found["errors"] == {"before": 0.0, "now": 0.1, "ratio": None}


def test_what_is_not_the_same_is_said():
    before = json.loads(json.dumps(made()))
    assert compare(before, made())["differs"] == []
    now = made(settings=made()["settings"] | {"rate": 40}, machine="another")
    assert compare(before, now)["differs"] == ["rate 20, now 40", "machine 2 cores <of> something, now another"]
