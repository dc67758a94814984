"""One drill at a time: a lock that dies with its process, and a look for load that is already on."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from stack.engine import PROJECT, docker


class Refused(Exception):
    """The drill cannot be: one sentence says why, and nothing was broken."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("another drill is running: wait for its end, or interrupt it.") from None
        yield


def no_other_load() -> None:
    """Two loads at one address would measure each other."""
    filters = ("label=com.docker.compose.service=loadtest", f"label=com.docker.compose.project={PROJECT}")
    names = docker("ps", *(part for one in filters for part in ("--filter", one)), "--format", "{{.Names}}").split()
    if names:
        raise Refused(f"a load test is running ({names[0]}): wait for its end, or interrupt it.")


ROOM = 64 * 2**20  # bytes: ledgers and outcomes of a long drill, several times


def writable(folder: Path) -> None:
    """Reports that nobody could write are known before anything is broken."""
    probe = folder / f".room-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"\0" * 2**16)
        probe.unlink()
        free = os.statvfs(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            probe.unlink()
        raise Refused(f"cannot write in {folder}: {error.strerror}. Free some space, or set REPORTS_DIR.") from None
    if free.f_bavail * free.f_frsize < ROOM:
        raise Refused(f"the disk of {folder} has less than {ROOM >> 20} MB free: free some space, or set REPORTS_DIR.")
