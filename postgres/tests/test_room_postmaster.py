"""Ending Postgres: processes that are called so and heed the same signal."""

import os
import signal
import subprocess
import sys
import time

import pytest
from room import postmaster

OBEYS = "signal.signal(signal.SIGQUIT, lambda *_: sys.exit(2))"
DEAF = "signal.signal(signal.SIGQUIT, signal.SIG_IGN)"


@pytest.fixture
def run(tmp_path):
    """run(what it does with SIGQUIT, name) -> a process of that name, in the data directory's file once it is ready."""
    started = []

    def start(heeds, name="postgres"):
        program, file = tmp_path / name, tmp_path / "postmaster.pid"
        ready = f"open({str(file)!r}, 'w').write(f'{{os.getpid()}}\\n{tmp_path}\\n')"
        program.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{heeds}\n{ready}\ntime.sleep(60)\n")
        program.chmod(0o755)
        started.append(subprocess.Popen([program]))
        while not file.exists() or not file.read_text().endswith(f"{tmp_path}\n"):
            time.sleep(0.01)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_server_is_found_and_ended(run, tmp_path):
    server = run(OBEYS)
    assert postmaster.pid(tmp_path) == server.pid
    assert postmaster.end(tmp_path)
    assert postmaster.pid(tmp_path) is None, "nobody has waited for it yet, and it is no server any more"
    assert server.wait() == 2


def test_one_that_does_not_end_is_said_to_run(run, tmp_path):
    server = run(DEAF)
    assert not postmaster.end(tmp_path, limit=0.2)
    assert server.poll() is None


def test_a_file_that_was_left_names_nobody(run, tmp_path):
    assert postmaster.pid(tmp_path) is None, "no file"
    other = run(OBEYS, name="another")
    assert postmaster.pid(tmp_path) is None, "the number is another program's now"
    assert postmaster.end(tmp_path)
    assert other.poll() is None
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert postmaster.pid(tmp_path) is None, "nobody has the number"


@pytest.mark.parametrize("text", ["", "no number\n", "-17\n"], ids=["empty", "rubbish", "a single user's"])
def test_a_file_that_is_none_of_a_server_names_nobody(tmp_path, text):
    (tmp_path / "postmaster.pid").write_text(text)
    assert postmaster.pid(tmp_path) is None
