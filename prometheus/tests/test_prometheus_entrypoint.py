"""The entry point with a false prometheus: what it renders, and what it refuses with one sentence."""

import os
import subprocess
from pathlib import Path

import pytest

PROMETHEUS = Path(__file__).resolve().parents[1]
SECRETS = ("prometheus", "prometheus_web", "haproxy_stats")


@pytest.fixture
def start(tmp_path):
    """A function that starts it with folders under tmp_path and returns the finished process."""
    for name in ("secrets", "data", "bin"):
        (tmp_path / name).mkdir()
    for name in SECRETS:
        (tmp_path / "secrets" / name).write_text("s3cret")
    program = tmp_path / "bin/prometheus"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)

    def run(prefix="10.99"):
        env = {name.upper(): str(tmp_path / name) for name in ("secrets", "data", "run")}
        env |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "TEMPLATES": str(PROMETHEUS), "NET_PREFIX": prefix}
        return subprocess.run([PROMETHEUS / "entrypoint"], env=env, capture_output=True, text=True, check=False)

    return run


def refused(done, part):
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert part in done.stderr


def test_it_becomes_prometheus_with_every_address_on_the_prefix(start, tmp_path):
    done = start()
    assert done.returncode == 0, done.stderr
    assert f"--storage.tsdb.path={tmp_path}/data" in done.stdout
    text = (tmp_path / "run/prometheus.yml").read_text()
    assert "10.99." in text
    assert "${" not in text
    assert "10.77." not in text


def test_no_password_is_on_its_command_line(start):
    assert "s3cret" not in start().stdout


@pytest.mark.parametrize("name", SECRETS)
def test_an_empty_secret_is_refused(start, tmp_path, name):
    (tmp_path / "secrets" / name).write_text("")
    refused(start(), f"secret '{name}' is missing or empty")


def test_a_volume_that_cannot_be_written_is_refused(start, tmp_path):
    (tmp_path / "data").rmdir()
    refused(start(), f"{tmp_path}/data cannot be written by uid")
