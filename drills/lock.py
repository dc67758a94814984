"""One drill at a time: a lock that dies with its process, and a look for load that is already on."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from loadtest import room
from stack.engine import PROJECT, docker


class Refused(Exception):
    """The drill cannot be: one sentence says why, and nothing was broken."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    path = folder / "lock"
    try:
        file = path.open("a")
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}. Another user's drill has made it: remove it.") from None
    with file:
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
    if problem := room.problem(folder, ROOM, str(folder)):
        raise Refused(problem)
