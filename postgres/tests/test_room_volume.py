"""The room on a volume: a real one that is full, and what its owner may want of it."""

import errno
import math
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from pgnode.render import ConfigError
from room import volume, waiting
from room.volume import MB, Volume

MEMORY = Path("/dev/shm")
SMALL = 256 * MB


def fill(path):
    with path.open("wb") as file:
        while True:
            os.write(file.fileno(), bytes(MB))


@pytest.fixture
def full():
    """A folder on a volume without a byte left. In memory, where an engine gives each container 64 MB."""
    if not MEMORY.is_dir() or Volume(MEMORY, 0).size > SMALL:
        pytest.skip(f"{MEMORY} is not small: filling it would take this machine's memory")
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    with pytest.raises(OSError, match="No space left"):
        fill(folder / "filling")
    yield folder
    shutil.rmtree(folder)


def test_a_full_volume_takes_no_page_until_something_is_freed(full):
    disk = Volume(full, 32 * MB)
    assert (disk.free, disk.has_room(), disk.is_full()) == (0, False, True)
    assert str(disk) == f"{full} (0 MB left)"
    (full / "filling").unlink()
    assert (disk.has_room(), disk.is_full()) == (True, False)
    assert list(full.iterdir()) == [], "the probe has left nothing"


def test_little_room_is_not_full_as_long_as_a_page_is_taken(tmp_path):
    disk = Volume(tmp_path, math.inf)
    assert (disk.has_room(), disk.is_full()) == (False, False)
    assert list(tmp_path.iterdir()) == []


def test_where_enough_is_left_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(Volume, "_takes_a_page", lambda self: pytest.fail("a write was tried"))
    assert not Volume(tmp_path, 1).is_full()


@pytest.mark.parametrize(("number", "is_full"), [(errno.EDQUOT, True), (errno.EIO, False)])
def test_a_quota_is_a_want_of_room_and_a_broken_disk_is_none(tmp_path, monkeypatch, number, is_full):
    def fsync(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(volume.os, "fsync", fsync)
    assert Volume(tmp_path, math.inf).is_full() == is_full


FIGURES = {"f_blocks": 100, "f_frsize": 4096, "f_bavail": 30, "f_files": 50, "f_favail": 20}


@pytest.mark.parametrize(
    ("figures", "free"),
    [
        ({}, 30 * 4096),
        ({"f_favail": 0}, 0),
        ({"f_files": 0, "f_favail": 0}, 30 * 4096),
        ({"f_blocks": 0, "f_bavail": 0}, math.inf),
    ],
    ids=["blocks for this user", "no inode left", "no inodes are counted", "no sizes are told"],
)
def test_what_the_file_system_says(monkeypatch, figures, free):
    monkeypatch.setattr(volume.os, "statvfs", lambda path: SimpleNamespace(**FIGURES | figures))
    assert Volume("/data", 1).free == free


# -- The setting -------------------------------------------------------------------------------------------------------


def test_what_is_needed_is_a_setting(tmp_path):
    assert volume.of_node({"ROOM_MB": "64"}, tmp_path).needed == 64 * MB


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("", "ROOM_MB=''"), ("64MB", "not of the form"), ("-1", "not of the form"), ("31", "at least 32"),
     ("9999999", "more than all of")],
)  # fmt: skip
def test_a_value_with_which_no_node_could_work_is_refused(tmp_path, monkeypatch, given, sentence):
    monkeypatch.setattr(Volume, "size", 700 * MB)
    with pytest.raises(ConfigError, match=sentence):
        volume.of_node({"ROOM_MB": given}, tmp_path)


# -- Waiting -----------------------------------------------------------------------------------------------------------


class Disk(Volume):
    """A volume whose looks are given beforehand: whether there is room."""

    free = 3 * MB

    def __init__(self, *looks):
        super().__init__("/data", 64 * MB)
        self.looks = list(looks)

    def has_room(self):
        return self.looks.pop(0)


def test_with_room_nobody_waits(tmp_path, capsys):
    waiting.wait(Disk(True), tmp_path / "mark", pause=pytest.fail)
    assert capsys.readouterr().out == ""


def test_without_room_it_is_waited_until_there_is_some_for_a_while(tmp_path, capsys):
    mark, marks = tmp_path / "mark", []
    disk = Disk(False, False, True, True, False, *[True] * waiting.STEADY)
    waiting.wait(disk, mark, pause=lambda seconds: marks.append(mark.exists()))
    assert disk.looks == []
    assert marks == [True] * (4 + waiting.STEADY)
    assert not mark.exists()
    assert capsys.readouterr().out.splitlines() == [
        "node: no room on /data (3 MB left): Patroni starts when 64 MB are free for 5 s",
        "node: room again on /data (3 MB left)",
    ]


def test_who_is_told_to_stop_leaves_no_mark(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        waiting.wait(Disk(False), tmp_path / "mark", pause=stop)
    assert not (tmp_path / "mark").exists()
