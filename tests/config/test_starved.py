"""The tests of the stack on a host that keeps the cores to itself."""

import pytest

import tests.starved as starved

BEFORE = (0, 0, 0)


class Config:
    def __init__(self):
        self.stash = pytest.Stash()


class Item:
    def __init__(self, config):
        self.config, self.stash = config, pytest.Stash()
        self.stash[starved.began] = BEFORE


def judged(monkeypatch, config, stolen: int, outcome="failed") -> pytest.TestReport:
    """A test's report after it passed through the hook, when `stolen` of 100 ticks were taken from the machine."""
    monkeypatch.setattr("stack.host.host_times", lambda: (100, stolen, stolen))
    report = pytest.TestReport("tests/x.py::test", ("tests/x.py", 3, "test"), {}, outcome, "E  assert 1 == 2", "call")
    hook = starved.pytest_runtest_makereport(Item(config))
    next(hook)
    with pytest.raises(StopIteration) as end:
        hook.send(report)
    return end.value.value


def test_a_failure_on_a_machine_of_its_own_stays_one(monkeypatch):
    report = judged(monkeypatch, Config(), 25)
    assert report.failed
    assert report.longrepr == "E  assert 1 == 2"


def test_a_failure_while_the_host_took_the_cores_is_not_judged_and_says_so(monkeypatch):
    report = judged(monkeypatch, Config(), 60)
    assert report.skipped
    assert report.longrepr == (
        "tests/x.py", 3,
        "not judged: the host kept 60% of this machine's cores meanwhile; it failed with E  assert 1 == 2",
    )  # fmt: skip


def test_what_passed_passes(monkeypatch):
    assert judged(monkeypatch, Config(), 60, "passed").passed


def test_only_so_many_failures_are_excused(monkeypatch):
    config = Config()
    reports = [judged(monkeypatch, config, 60) for _ in range(starved.EXCUSED + 1)]
    assert [report.failed for report in reports] == [False] * starved.EXCUSED + [True]
