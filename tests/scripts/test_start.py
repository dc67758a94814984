"""The menu, one start at a time, and the order of a start's refusals."""

import os
import re
import subprocess

import pytest

from tests.scripts.conftest import ROOT, one_sentence

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):.*##", MAKEFILE, re.MULTILINE)


def test_make_prints_every_target():
    done = subprocess.run(
        ["make", "-C", str(ROOT)], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert not [target for target in TARGETS if f"  make {target} " not in done.stdout and target != "help"]


def test_every_target_is_one_line_to_a_script_that_is_there():
    recipes = re.findall(r"^([a-z][a-z-]*):[^\n]*\n((?:\t[^\n]*\n)+)", MAKEFILE, re.MULTILINE)
    assert len(recipes) == len(TARGETS)
    for target, recipe in recipes:
        assert recipe.count("\n") == 1, target
        assert os.access(ROOT / re.search(r"scripts/[a-z-]+", recipe).group(), os.X_OK), target


@pytest.mark.parametrize(
    "path", sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file()), ids=lambda path: path.name
)
def test_every_script_says_what_it_is_for(path):
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert re.match(r"# \w.{20,}", lines[1])
    assert len(lines) <= 250


def hold(scripts, owner: str):
    scripts.state.mkdir()
    (scripts.state / "flotilla.lock").write_text(owner)


def test_a_second_start_at_once_is_refused(scripts):
    other = subprocess.Popen(["bash", "-c", "sleep 30; : scripts/up"])
    try:
        hold(scripts, str(other.pid))
        one_sentence(scripts("up"), f"process {other.pid}", "wait for it")
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("owner", ["999999999", "", "nonsense"])
def test_a_dead_owners_lock_is_taken_over_and_freed(scripts, owner):
    hold(scripts, owner)
    done = scripts("up", BIND="nowhere")
    assert "BIND=nowhere is not an IPv4 address" in done.stdout
    assert not (scripts.state / "flotilla.lock").exists()


def test_a_wrong_setting_stops_before_anything_is_touched(scripts):
    scripts.forget("engine")
    done = scripts("up", HTTP_PORT="none")
    assert done.returncode == 1
    assert "HTTP_PORT=none is not a port" in done.stdout
    assert not scripts.secrets.exists()
    assert "docker" not in scripts.calls


def test_a_folder_that_cannot_be_written_stops(scripts):
    one_sentence(scripts("up", STATE_DIR="/dev/null/state"), "cannot write in /dev/null/state")


def test_an_empty_secret_stops_the_start_before_the_build(scripts):
    scripts.secrets.mkdir()
    (scripts.secrets / "redis").touch()
    scripts.answer(containers="")
    one_sentence(scripts("up"), "redis is empty")
    assert "build" not in scripts.calls.replace("buildx", "")
