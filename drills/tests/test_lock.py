"""What is found out before anything is broken."""

import subprocess
import sys

import pytest

from drills import lock
from drills.lock import Refused


def test_two_at_once_are_refused(tmp_path):
    with lock.lock(tmp_path):
        with pytest.raises(Refused, match="another drill is running"):
            with lock.lock(tmp_path):
                pass


def test_a_lock_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(Refused, match=r"cannot write .*lock"):
        with lock.lock(tmp_path):
            pass


def test_the_lock_goes_with_its_process(tmp_path):
    code = "import os, sys; sys.path.insert(0, os.getcwd())\nfrom pathlib import Path\nfrom drills.lock import lock\n"
    code += f"lock(Path({str(tmp_path)!r})).__enter__(); os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    with lock.lock(tmp_path):
        assert (tmp_path / "lock").exists()


def test_a_load_test_is_not_disturbed(monkeypatch):
    monkeypatch.setattr(lock, "docker", lambda *_: "shop-loadtest-run-1\n")
    with pytest.raises(Refused, match="shop-loadtest-run-1"):
        lock.no_other_load()
    monkeypatch.setattr(lock, "docker", lambda *_: "\n")
    lock.no_other_load()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot write in"):
        lock.writable(tmp_path / "file" / "drills")


def test_a_full_disk_is_refused(tmp_path, monkeypatch):
    lock.writable(tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(lock, "ROOM", 2**62)
    with pytest.raises(Refused, match="free some space"):
        lock.writable(tmp_path)
