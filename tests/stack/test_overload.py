"""Far more load than the stack can carry: what it cannot serve it refuses by the book, and nothing of it breaks."""

import json
import os

import pytest
from loadtest.sampler import host_times
from stack.engine import REPORTS, ROOT, containers, inspect, run
from stack.host import STARVED, stolen_since
from stack.servers import until

SECONDS = 20  # of the profile `overload`


def reports() -> set:
    return set(REPORTS.glob("loadtest-overload-*.json"))


def state() -> dict[str, tuple[bool, int, str]]:
    """Of each container: killed for memory, restarts so far, since when it runs."""
    found = inspect(*(container.id for container in containers()))
    return {c["Name"]: (c["State"]["OOMKilled"], c["RestartCount"], c["State"]["StartedAt"]) for c in found}


@pytest.fixture(scope="module")
def overload(stack):
    """-> (the run as its report has it, exit status, what was printed, the containers before)"""
    before, earlier = state(), reports()
    settings = {"PROFILE": "overload"}
    ticks = host_times()
    done = run(str(ROOT / "scripts/loadtest"), timeout=600, check=False, env=os.environ | settings)
    made = reports() - earlier
    assert len(made) == 1, f"one report more, not {len(made)}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    found, share = json.loads(made.pop().read_text()), stolen_since(ticks)
    if share > STARVED and (found["failed"] or not min(served(found))):
        words = f"{found['failed']} failed, at least {min(served(found))} were served in five seconds"
        pytest.skip(f"{words}, while the host kept {share:.0%} of this machine's cores: not judged")
    return found, done.returncode, done.stdout, before


def served(found: dict) -> list[int]:
    """How many, in each five seconds."""
    each = [row["done"] - row["refused"] - row["failed"] for row in found["per_second"]]
    return [sum(each[start : start + 5]) for start in range(0, SECONDS - 5)]


def test_what_is_not_served_is_refused_with_the_time_to_come_again(overload):
    """A 429 or 503 with Retry-After is a refusal; no answer, 500, 502, 504 or half a page is a failure."""
    found, *_ = overload
    assert found["refused"] > 0, "so much load was carried: this test needs more"
    assert found["failed"] == 0, found["reasons"]
    assert set(found["statuses"]) <= {"200", "302", "429", "503"}, found["statuses"]


def test_some_are_served_all_the_time(overload):
    """A stack that refuses everybody once it is full has not degraded, but failed."""
    found, *_ = overload
    assert min(served(found)) > 0, served(found)


def test_the_load_test_says_that_it_was_too_much(overload):
    found, status, said, _ = overload
    assert status == 1
    assert found["verdict"] != "passed"
    assert "MISSED: " in said or "INVALID: " in said


def test_no_container_was_killed_for_memory_or_restarted(overload):
    *_, before = overload
    after = state()
    assert [name for name, (killed, _, _) in after.items() if killed] == []
    assert {name: after.get(name) for name in before} == before


def test_afterwards_it_serves_as_before(overload, guest):
    def well() -> bool:
        answers = [guest.get(path) for path in ("/", "/cart/", "/search/?q=lamp")]
        return all(answer.status == 200 and b"</html>" in answer.body[-200:] for answer in answers)

    until(well, 15, "pages are served after the overload")
