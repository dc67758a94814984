"""The room on a node's volume: how much is left, and whether a write is still taken."""

import errno
import math
import os
from pathlib import Path

from pgnode import render

PATH = Path("/data")
MB = 1 << 20
LEAST = 32  # MB: two segments of the write-ahead log; with less Postgres may not even recover
PAGE = bytes(8192)
FULL = {errno.ENOSPC, errno.EDQUOT}


class Volume:
    """`needed`: bytes that must be free before a node starts, or before a leader leaves the lead to it."""

    def __init__(self, path, needed):
        self.path, self.needed = Path(path), needed

    @property
    def size(self):
        found = os.statvfs(self.path)
        return found.f_blocks * found.f_frsize

    @property
    def free(self):
        """Bytes for this user. None are left without an inode either; infinite where the file system tells no sizes."""
        found = os.statvfs(self.path)
        if not found.f_blocks:
            return math.inf
        return found.f_bavail * found.f_frsize if found.f_favail or not found.f_files else 0

    def has_room(self):
        return self.free >= self.needed

    def is_full(self):
        """Whether a page finds no room. Little left is no proof, as quotas and reserves are counted in many ways: it
        takes a write to know. Where enough is left, none is tried."""
        return not self.has_room() and not self._takes_a_page()

    def _takes_a_page(self):
        probe = self.path / f".room-{os.getpid()}"
        try:
            with probe.open("wb") as file:
                file.write(PAGE)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return error.errno not in FULL  # another error is not for want of room
        finally:
            probe.unlink(missing_ok=True)
        return True

    def __str__(self):
        return f"{self.path} ({self.free // MB} MB left)"


def of_node(environ, path=PATH):
    """The volume as the settings want it. Raises ConfigError for a value with which no node could do its work."""
    wanted = int(render.required(environ, "ROOM_MB", r"[1-9]\d{0,6}"))
    volume = Volume(path, wanted * MB)
    if wanted < LEAST:
        raise render.ConfigError(f"ROOM_MB={wanted} is less than two segments of the log: give at least {LEAST}")
    if 0 < volume.size < volume.needed:
        raise render.ConfigError(f"ROOM_MB={wanted} is more than all of {path} ({volume.size // MB} MB): give less")
    return volume
