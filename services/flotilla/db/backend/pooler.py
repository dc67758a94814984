"""Whether a pooler answers at all: the eight bytes of an SSLRequest there, one byte back. No login, no server needed.

Who waits for an answer cannot tell a slow statement from a frozen pooler, which goes on acknowledging at TCP level.
Invariant: however many threads wait, a pooler is asked by one of them at a time, and its answer serves them all.
"""

import os
import socket
import threading
import time
from collections.abc import Callable

SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"
ANSWER_SECONDS = 0.5  # connecting included: a removed container's address refuses nobody
KEPT_SECONDS = 0.25  # how long one answer serves


def ask(host: str, port: int) -> bool:
    """One new connection, one byte of answer."""
    try:
        with socket.create_connection((host, port), timeout=ANSWER_SECONDS) as link:
            link.sendall(SSL_REQUEST)
            return bool(link.recv(1))
    except OSError:
        return False


class Pings:
    """The latest answer of each pooler, asked for again when it is old."""

    def __init__(self, ask: Callable[[str, int], bool] = ask, clock: Callable[[], float] = time.monotonic):
        self._ask, self._clock = ask, clock
        self.forget()

    def forget(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[float, bool]] = {}

    def answers(self, host: str, port: int) -> bool:
        with self._locks.setdefault(host, threading.Lock()):
            asked, answer = self._known.get(host, (float("-inf"), True))
            if self._clock() - asked > KEPT_SECONDS:
                answer = self._ask(host, port)
                self._known[host] = self._clock(), answer
            return answer


pings = Pings()
# A lock held by another thread at the fork would stay so in the child.
os.register_at_fork(after_in_child=pings.forget)
