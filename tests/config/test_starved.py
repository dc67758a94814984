"""The tests of the stack on a host that keeps the cores to itself."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

import tests.starved as starved
from tests.config.files import ROOT

BEFORE = (0, 0, 0)


class Config:
    def __init__(self):
        self.stash = pytest.Stash()


class Item:
    session = SimpleNamespace(testscollected=1000)

    def __init__(self, config):
        self.config, self.stash = config, pytest.Stash()
        self.stash[starved.began] = BEFORE


class Call:
    def __init__(self, error: BaseException | None):
        self.excinfo = error and SimpleNamespace(value=error)


def judged(monkeypatch, config, stolen: int, outcome="failed", error=None) -> pytest.TestReport:
    """A test's report after it passed through the hook, when `stolen` of 100 ticks were taken from the machine."""
    monkeypatch.setattr("stack.host.host_times", lambda: (100, stolen, stolen))
    report = pytest.TestReport("tests/x.py::test", ("tests/x.py", 3, "test"), {}, outcome, "E  assert 1 == 2", "call")
    call = Call(error or AssertionError() if outcome == "failed" else None)
    hook = starved.pytest_runtest_makereport(Item(config), call)
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


def test_what_a_shared_fixture_failed_with_then_is_not_judged_for_its_later_users_either(monkeypatch):
    config, error = Config(), AssertionError()
    first, *later = (judged(monkeypatch, config, stolen, error=error) for stolen in (60, 0, 0))
    assert first.skipped
    assert [report.longrepr for report in later] == [first.longrepr] * 2
    assert judged(monkeypatch, config, 0).failed, "another failure like it"


def test_a_fixture_that_failed_so_is_one_failure_of_those_that_are_excused(monkeypatch):
    config, error = Config(), AssertionError()
    shared = [judged(monkeypatch, config, 60, error=error) for _ in range(starved.EXCUSED + 1)]
    others = [judged(monkeypatch, config, 60) for _ in range(starved.EXCUSED)]
    assert [report.failed for report in shared] == [False] * (starved.EXCUSED + 1)
    assert [report.failed for report in others] == [False] * (starved.EXCUSED - 1) + [True]


def test_a_fixture_of_all_tests_ends_red_all_the_same(monkeypatch):
    config, error = Config(), AssertionError()
    reports = [judged(monkeypatch, config, 60, error=error) for _ in range(starved.UNJUDGED + 1)]
    assert [report.failed for report in reports] == [False] * starved.UNJUDGED + [True]


HOOKS = """
import tests.starved
from tests.starved import pytest_runtest_makereport, pytest_runtest_protocol

shares = [0.6]
tests.starved.stolen_since = lambda before: shares.pop() if shares else 0.0
"""
USERS = """
import pytest

@pytest.fixture(scope="module")
def shared():
    raise TimeoutError("not there in time")

def test_first(shared): ...
def test_second(shared): ...
"""
OTHERS = """
def test_third(): ...
def test_fourth(): ...
"""


@pytest.mark.parametrize(
    ("tests", "status", "said"), [(USERS + OTHERS, 0, "2 passed, 2 skipped"), (USERS, 1, "1 skipped, 1 error")]
)
def test_pytest_raises_the_same_object_for_each_user_of_a_fixture(tmp_path, tests, status, said):
    """Which is excused, unless it leaves less than half of the tests."""
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_users.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | path, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stdout) == (status, True), done.stdout + done.stderr
