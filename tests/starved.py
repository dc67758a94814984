"""A failure while the host keeps the cores to itself says nothing of the stack: it is reported as not judged.

Bounded, so that a machine that is always starved still ends red: there the stack was not tested.
"""

import pytest
from loadtest.sampler import host_times
from stack.host import STARVED, stolen_since

EXCUSED = 8  # failures of a session
UNJUDGED = 40  # tests that met one of them: a module's fixture fails each of its users, of which test_api has 30
SHARE = 0.5  # of the session's tests, at most: a fixture that all of them use leaves nothing tested

began = pytest.StashKey[tuple[int, int, int]]()
excused = pytest.StashKey[list[tuple[BaseException, float]]]()  # with the share; once for each test that met it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    item.stash[began] = host_times()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.excinfo and (share := excuse(item, call.excinfo.value)):
        not_judged(report, share)
    return report


def excuse(item, error: BaseException) -> float:
    """The share that the host kept when this happened; 0.0: it is judged.

    What a shared fixture has failed with, pytest raises again for each later user: the same object, at another time.
    """
    met = item.config.stash.setdefault(excused, [])
    share = next((share for earlier, share in met if earlier is error), None)
    if share is None:
        share = stolen_since(item.stash[began])
        if share <= STARVED or len({id(earlier) for earlier, _ in met}) >= EXCUSED:
            return 0.0
    if len(met) >= min(UNJUDGED, SHARE * item.session.testscollected):
        return 0.0
    met.append((error, share))
    return share


def not_judged(report, share: float) -> None:
    last = report.longreprtext.strip().splitlines()[-1:]
    words = f"not judged: the host kept {share:.0%} of this machine's cores meanwhile; it failed with {''.join(last)}"
    report.outcome, report.longrepr = "skipped", (report.location[0], report.location[1] or 0, words)
