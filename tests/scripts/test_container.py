"""S=: what it may name, and one clear sentence with the list when it does not."""

import pytest

from tests.scripts.conftest import DOCKER, one_sentence

RUNNING = """postgres-1 1 idp1 running flotilla-postgres-1-1
web 1 idw1 exited flotilla-web-1
web 2 idw2 running flotilla-web-2
"""


@pytest.fixture
def stack(scripts):
    scripts.answer(containers=RUNNING)
    return scripts


@pytest.mark.parametrize("verb", ["kill", "stop", "start", "shell"])
def test_no_name_is_a_wrong_call_with_the_list(stack, verb):
    done = stack("container", verb, "")
    one_sentence(done, "say which container", "S=web-2", status=2)
    assert "Services: nginx postgres-1 postgres-2 redis-1 web." in done.stderr


@pytest.mark.parametrize("name", ["wbe", "web-0", "web-x", "postgres-9", "web 2", "web;reboot", "-web", "../web"])
def test_an_unknown_name_is_a_wrong_call_with_the_list(stack, name):
    done = stack("container", "kill", name)
    one_sentence(done, f"'{name}'", status=2)
    assert "Services: " in done.stderr
    assert "kill" not in stack.calls


@pytest.mark.parametrize("role", ["postgres-primary", "postgres-standby", "redis-master", "redis-replica"])
def test_a_role_cannot_be_started(stack, role):
    one_sentence(stack("container", "start", role), "roles move", status=2)


def test_a_replica_that_is_not_there(stack):
    one_sentence(stack("container", "kill", "web-7"), "'web-7' has no container")


def test_without_a_stack(scripts):
    one_sentence(scripts("container", "kill", "web"), "is not there", "make up")


def test_without_an_engine(scripts):
    scripts.forget("engine")
    one_sentence(scripts("container", "kill", "web"), "no container engine answers")


def test_kill_takes_one_container_only(stack):
    stack("container", "kill", "postgres-1")
    assert [line for line in stack.calls.splitlines() if line.startswith("kill ")] == ["kill idp1"]


def test_a_replica_by_number(stack):
    assert "killed flotilla-web-2" in stack("container", "kill", "web-2").stdout
    assert "kill idw2" in stack.calls


def test_a_containers_full_name_works_as_well(stack):
    assert "killed flotilla-web-2" in stack("container", "kill", "flotilla-web-2").stdout


def test_start_starts_only_what_does_not_run(stack):
    done = stack("container", "start", "web")
    assert done.stdout == "started flotilla-web-1\n"
    assert [line for line in stack.calls.splitlines() if line.startswith("start ")] == ["start idw1"]


def test_start_wakes_a_paused_one_and_says_so(stack):
    stack.answer(containers=RUNNING.replace("idw2 running", "idw2 paused"))
    assert stack("container", "start", "web").stdout == "started flotilla-web-1\nunpaused flotilla-web-2\n"
    assert "unpause idw2" in stack.calls.splitlines()


def test_a_command_for_a_shell_is_one_line_of_shell(stack):
    inside = 'if [[ $1 == exec ]]; then shift 2; exec "$@"; fi\n'
    stack.stub("docker", DOCKER.replace("case ", inside + "case ", 1))
    done = stack("container", "shell", "web-2", CMD="""printf '%s-' 'a  b' "c d" | tr a-d A-D; exit 7""")
    assert (done.returncode, done.stdout) == (7, "A  B-C D-")


def test_status_shows_a_paused_one(stack):
    paused, running = "flotilla-web-2|paused|Up 5 minutes (Paused)|", "flotilla-web-1|running|Up 5 minutes (healthy)|"
    stack.answer(publishes=f"{paused}\n{running}\n")
    lines = [line.split() for line in stack("status").stdout.splitlines()]
    assert ["flotilla-web-2", "paused", "FROZEN"] in lines
    assert ["flotilla-web-1", "running", "healthy"] in lines


@pytest.mark.parametrize(
    ("service", "number", "part"),
    [
        ("", "", "make scale S=web N=5"),
        ("nginx", "2", "does not scale"),
        ("web", "0", "from 1 to 10"),
        ("web", "11", "from 1 to 10"),
        ("web", "many", "from 1 to 10"),
    ],
)
def test_scale_says_what_it_takes(stack, service, number, part):
    one_sentence(stack("scale", service, number), part, status=2)


def test_reset_without_a_terminal_deletes_nothing(stack):
    one_sentence(stack("reset"), "make reset FORCE=1")
    assert "down" not in stack.calls
