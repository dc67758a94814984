"""The live view, without a terminal: it tells of a replica that is killed and comes back, while it happens."""

import re
import subprocess
import sys
import threading
import time

import pytest
from stack.engine import ROOT, docker, one
from stack.servers import until
from stack.whole import make_whole


class View:
    """`python -m watch` beside us, and what it has printed so far."""

    def __init__(self, *options: str):
        command = [sys.executable, "-m", "watch", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.printed: list[str] = []
        threading.Thread(target=lambda: self.printed.extend(self.process.stdout), daemon=True).start()

    def wait_for(self, pattern: str, seconds=20) -> str:
        def found():
            return next((line for line in self.printed if re.search(pattern, line)), None)

        return until(found, seconds, f"a line like {pattern!r} in {self.printed[-3:]}")


@pytest.fixture
def view():
    view = View("--duration", "90")
    yield view
    view.process.kill()
    make_whole()


def test_a_killed_replica_is_told_and_so_is_its_return(view):
    view.wait_for(r" primary=postgres-\d .* etcd=3_answer redis=redis-\d rotation=3/3 ", 30)
    view.wait_for(r" by=\S*web-\d:\d+%")  # its own requests, found in the edge's log
    victim = one("web")
    name = f"web-{victim.number}"
    docker("kill", victim.id)
    view.wait_for(rf"EVENT {name} down$")
    view.wait_for(rf" rotation=2/\d .* not_up=\S*{name}:down")
    docker("start", victim.id)
    view.wait_for(rf"EVENT {name} up, was down for \d+ s$")
    assert not [line for line in view.printed if "errors begin" in line]


def test_it_ends_well_when_it_is_asked_to(view):
    view.wait_for(" primary=")
    view.process.terminate()
    assert view.process.wait(timeout=10) == 0


def test_a_duration_ends_it():
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "watch", "--duration", "3", "--no-probe"], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == 0
    assert 3 <= time.monotonic() - began < 15


def test_bad_input_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "watch", "--duration", "long"], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "DURATION=long: use a number" in done.stderr
