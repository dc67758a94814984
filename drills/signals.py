"""Ctrl-C, SIGTERM and a closed terminal, as one exception that waits while something must not be left half done."""

import contextlib
import signal
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Not an Exception: nobody on the way up may take it for a failed request."""


class _State:
    depth = 0
    pending = False


def install() -> None:
    for number in SIGNALS:
        signal.signal(number, _handle)


def _handle(number: int, frame) -> None:
    if _State.depth:
        _State.pending = True
    else:
        raise Interrupted


@contextlib.contextmanager
def held() -> Iterator[None]:
    """A signal within is raised at its end (of the outermost one), in the main thread."""
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
    if _State.pending and not _State.depth:
        _State.pending = False
        raise Interrupted
