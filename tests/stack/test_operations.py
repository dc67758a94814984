"""What a person does with the stack: start it again, scale it, ask for its state."""

import pytest
from loadtest.shop import CART
from stack.engine import containers, run, script
from stack.servers import in_rotation, primary, until


def identities() -> dict[str, str]:
    return {c.name: c.id for c in containers()}


def test_a_second_start_changes_nothing():
    before = identities()
    script("up", QUIET="1")
    assert identities() == before


def test_status_names_every_container_and_the_primary():
    out = script("status")
    assert all(c.name in out for c in containers())
    assert primary() in out


@pytest.fixture
def three_again():
    yield
    script("scale", "web", "3", timeout=180)
    until(lambda: in_rotation(3), 60, "three replicas again")


def test_five_replicas_are_found_by_themselves(account, three_again):
    script("scale", "web", "5", timeout=180)
    until(lambda: in_rotation(5), 60, "five replicas in both HAProxies")

    def five_serve():
        return len({account.get(CART)["X-Served-By"] for _ in range(60)}) == 5

    until(five_serve, 20, "all five serving")


@pytest.mark.parametrize("target", ["kill", "stop", "start"])
def test_a_wrong_name_is_answered_with_the_right_ones(target):
    done = run("make", "-s", target, "S=no-such-thing", check=False)
    assert done.returncode != 0
    assert "no-such-thing" in done.stderr + done.stdout
    assert "web" in done.stderr + done.stdout


def test_psql_asks_the_primary():
    out = run("make", "-s", "psql", "C=SELECT count(*) FROM web_category").stdout
    assert "12" in out


def test_seeding_again_says_that_there_is_nothing_to_do():
    before = identities()
    assert run("make", "-s", "seed").stdout.count("seed: already done\n") == 3
    assert identities() == before
