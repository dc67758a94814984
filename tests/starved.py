"""A failure while the host keeps the cores to itself says nothing of the stack: it is reported as not judged.

Bounded, so that a machine that is always starved still ends red: there the stack was not tested.
"""

import pytest
from loadtest.sampler import host_times
from stack.host import STARVED, stolen_since

EXCUSED = 8  # failures of a session

began = pytest.StashKey[tuple[int, int, int]]()
excused = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    item.stash[began] = host_times()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed and (share := stolen_since(item.stash[began])) > STARVED:
        stash = item.config.stash
        stash[excused] = stash.get(excused, 0) + 1
        if stash[excused] <= EXCUSED:
            not_judged(report, share)
    return report


def not_judged(report, share: float) -> None:
    last = report.longreprtext.strip().splitlines()[-1:]
    words = f"not judged: the host kept {share:.0%} of this machine's cores meanwhile; it failed with {''.join(last)}"
    report.outcome, report.longrepr = "skipped", (report.location[0], report.location[1] or 0, words)
