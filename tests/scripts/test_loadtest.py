"""make loadtest, called wrongly or where it cannot run: one sentence, status 2, and nothing is started."""

import pytest

from tests.scripts.conftest import one_sentence

RUNNING = "nginx 1 idn1 running flotilla-nginx-1\nweb 1 idw1 running flotilla-web-1\n"

# Like the engine of conftest, but told what a question for the load generator's container and `run` give.
DOCKER = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >>"$STUBS/calls"
case "$*" in
    "version "*) cat "$STUBS/engine" 2>/dev/null || exit 1 ;;
    "compose version"*) cat "$STUBS/compose" ;;
    "ps "*oneoff=True*) cat "$STUBS/loadtests" 2>/dev/null ;;
    "ps "*.Ports*) cat "$STUBS/publishes" 2>/dev/null ;;
    "ps "*) cat "$STUBS/containers" 2>/dev/null ;;
    *" run "*) env >"$STUBS/given"; exit "$(cat "$STUBS/ends")" ;;
esac
exit 0
"""


@pytest.fixture
def stack(scripts, tmp_path):
    scripts.stub("docker", DOCKER)
    scripts.answer(containers=RUNNING, ends="0")
    scripts.reports = tmp_path / "reports"
    return scripts


def call(stack, *arguments, **env):
    return stack("loadtest", *arguments, **{"REPORTS_DIR": str(stack.reports)} | env)


def refused(stack, *parts, **env):
    one_sentence(call(stack, **env), *parts, status=2)
    assert " run " not in stack.calls


def test_without_an_engine(stack):
    stack.forget("engine")
    refused(stack, "no container engine answers", "make up")


def test_without_a_stack(stack):
    stack.forget("containers")
    refused(stack, "'flotilla' is not running", "make up")


def test_while_another_one_runs(stack):
    stack.answer(loadtests="flotilla-loadtest\n")
    refused(stack, "runs already", "docker stop flotilla-loadtest")


def test_where_no_report_can_be_written(stack):
    stack.reports.write_text("a file, not a folder")
    refused(stack, "cannot write in", str(stack.reports))


@pytest.mark.parametrize("name", ["UI", "LIMITS"])
def test_a_switch_is_1_or_nothing(stack, name):
    refused(stack, f"{name}=yes", f"use {name}=1", **{name: "yes"})


def test_a_page_at_no_port(stack):
    refused(stack, "LOCUST_PORT=web", "is not a port", UI="1", LOCUST_PORT="web")


def test_arguments_are_settings_here(stack):
    one_sentence(call(stack, "--users", "5"), "takes no arguments", status=2)


@pytest.mark.parametrize(("ends", "status"), [("0", 0), ("2", 2), ("3", 1), ("130", 130)])
def test_the_verdict_is_the_status(stack, ends, status):
    stack.answer(ends=ends)
    assert call(stack).returncode == status


@pytest.mark.parametrize("ends", ["1", "125", "137"])
def test_a_generator_that_broke_is_no_verdict(stack, ends):
    stack.answer(ends=ends)
    one_sentence(call(stack), f"ended with {ends}", status=2)


def test_the_generator_is_told_whose_cgroup_is_whose(stack):
    stack.answer(containers=RUNNING)
    assert call(stack).returncode == 0
    given = (stack.stubs / "given").read_text()
    assert "CONTAINERS=nginx 1 idn1" in given, "what docker ps said"
    assert "LOADTEST_HOST" not in given


def test_with_limits_it_takes_another_address(stack):
    assert call(stack, LIMITS="1").returncode == 0
    assert "LOADTEST_HOST=203" in (stack.stubs / "given").read_text()
