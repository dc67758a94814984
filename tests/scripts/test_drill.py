"""make drill, drills and watch, called wrongly or where they cannot run: one sentence, status 2, nothing is started."""

import pytest

from tests.scripts.conftest import one_sentence

RUNNING = "nginx 1 idn1 running flotilla-nginx-1\nweb 1 idw1 running flotilla-web-1\n"
EVERY = pytest.mark.parametrize("script", ["drill", "drills", "watch"])


@pytest.fixture
def stack(scripts, tmp_path):
    scripts.answer(containers=RUNNING)
    scripts.reports = tmp_path / "reports"
    scripts.socket = tmp_path / "socket"
    scripts.socket.touch()
    return scripts


def call(stack, script, *arguments, **env):
    return stack(script, *arguments, **{"REPORTS_DIR": str(stack.reports), "SOCKET": str(stack.socket)} | env)


def started(stack) -> list[str]:
    return [line for line in stack.calls.splitlines() if line.startswith("run ")]


def refused(stack, script, *parts, arguments=(), **env):
    one_sentence(call(stack, script, *arguments, **env), *parts, status=2)
    assert not started(stack)


@EVERY
def test_without_an_engine(stack, script):
    stack.forget("engine")
    refused(stack, script, "no container engine answers", "make up")


@EVERY
def test_without_a_stack(stack, script):
    stack.forget("containers")
    refused(stack, script, "'flotilla' is not running", "make up")


@EVERY
def test_arguments_are_settings_here(stack, script):
    refused(stack, script, "takes no arguments", f"make {script}", arguments=["web", "kill"])


@pytest.mark.parametrize("script", ["drill", "drills"])
def test_where_no_report_can_be_written(stack, script):
    stack.reports.write_text("a file, not a folder")
    refused(stack, script, "cannot write in", str(stack.reports))


@EVERY
def test_where_the_engine_is_on_another_machine(stack, script):
    stack.socket.unlink()
    refused(stack, script, "socket is not here", V="web", F="kill")


@pytest.mark.parametrize(("script", "name"), [("drill", "UNDO"), ("watch", "PROBE")])
def test_a_switch_is_1_or_0(stack, script, name):
    refused(stack, script, f"{name}=yes", f"use {name}=1", **{name: "yes"})


def test_while_another_drill_runs(stack):
    stack.answer(networks="10.77.0.200/24 flotilla-drill-load\n10.77.0.201/24 eager_bose\n")
    refused(stack, "drill", "runs already (container eager_bose)", "docker stop eager_bose", V="web", F="kill")


def test_it_is_handed_on_as_it_was_called(stack):
    assert call(stack, "drill", V="web", F="kill", AWAY="5", RATE="10").returncode == 0
    (line,) = started(stack)
    words = "--victim web --fault kill --runs 1 --rate 10 --write-share 0.3 --orders 0.1 --seconds 5"
    assert line.endswith(f"python -m drills one {words}")
    assert "--ip 10.77.0.201 " in line


def test_undoing_needs_no_names(stack):
    assert call(stack, "drill", UNDO="1").returncode == 0
    assert started(stack)[0].endswith("python -m drills undo")


def test_a_view_takes_the_first_address_that_is_free(stack):
    stack.answer(networks="10.77.0.201/24 a-drill\n10.77.0.204/24 another-view\n10.77.0.20/24 flotilla-nginx-1\n")
    assert call(stack, "watch", DURATION="5").returncode == 0
    (line,) = started(stack)
    assert "--ip 10.77.0.205 " in line
    assert line.endswith("python -m watch --duration=5")


def test_more_views_than_addresses_are_refused(stack):
    stack.answer(networks="".join(f"10.77.0.{host}/24 view-{host}\n" for host in range(204, 210)))
    refused(stack, "watch", "six people are watching")
