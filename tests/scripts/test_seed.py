"""make seed: the seeding jobs once more on the stack that runs, in their order."""

import re

import pytest
import yaml

from tests.scripts.conftest import DOCKER, ROOT, one_sentence

RUNNING = "web 1 idw1 running flotilla-web-1\n"
# Each job says what it did; the one that $STUBS/fails names ends with 7.
RUN = r"""    *" run "*)
        echo "seed: ${!#} is as it should be"
        [[ ${!#} != "$(cat "$STUBS/fails" 2>/dev/null)" ]] || exit 7 ;;
"""


@pytest.fixture
def stack(scripts):
    scripts.stub("docker", DOCKER.replace('case "$*" in\n', 'case "$*" in\n' + RUN))
    scripts.answer(containers=RUNNING)
    return scripts


def jobs(stack) -> list[str]:
    return [line.split()[-1] for line in stack.calls.splitlines() if " run " in line]


def test_the_jobs_run_in_order_and_their_words_are_shown(stack):
    done = stack("seed")
    assert done.returncode == 0, done.stderr
    assert jobs(stack) == ["products-seed", "users-seed", "seed"]
    said = [line for line in done.stdout.splitlines() if line.startswith("seed: ")]
    assert said == [f"seed: {job} is as it should be" for job in jobs(stack)]


def test_every_seeding_job_of_the_compose_file_is_run_and_nothing_is_started_for_it(stack):
    stack("seed")
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert set(jobs(stack)) == {name for name, service in services.items() if service.get("command") == ["seed"]}
    for line in stack.calls.splitlines():
        assert " run " not in line or re.search(r" -p flotilla .* run --rm --no-deps ", line)


def test_a_job_that_fails_is_named_and_the_others_are_not_begun(stack):
    stack.answer(fails="users-seed")
    done = stack("seed")
    one_sentence(done, "users-seed ended with 7", "make status")
    assert jobs(stack) == ["products-seed", "users-seed"]


def test_a_stack_that_does_not_run(scripts):
    one_sentence(scripts("seed"), "the stack 'flotilla' is not running", "make up")
    assert " run " not in scripts.calls


def test_without_an_engine(scripts):
    scripts.forget("engine")
    one_sentence(scripts("seed"), "no container engine answers")
