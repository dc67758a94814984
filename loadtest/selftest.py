"""Is the load generator honest? A server that is frozen for 2 s in a 20 s run must show in the 95th percentile.

    python -m loadtest.selftest          needs no network; ends with 1 when the open loop did not show the freeze

The arithmetic: requests are due at a constant rate, so a tenth of them is due during the freeze, and they wait evenly
from all of it (2 s) down to nothing. The worst twentieth of all is the half of them that waits longest, 1 s and more:
p95 is 1 s. A closed loop asks once during the freeze, and that one wait is less than a twentieth of what it counts.
"""

from . import greenlets

if __name__ == "__main__":
    greenlets.patch()

import os
import signal
import socket
import sys
import threading
import time

from .figures import failures, percentile
from .http1 import Connection
from .openloop import Run, Schedule
from .outcome import Answer
from .stub import running

SECONDS, FROZEN, RATE = 20, 2, 50
EXPECTED = FROZEN * (1 - 0.05 * SECONDS / FROZEN)  # seconds
SHOWN = 0.8 * EXPECTED  # a fifth less, for the freeze's edges
PAUSE = 0.02  # of the closed loop's visitor between an answer and the next request


def ask(port: int, timeout: float) -> Answer:
    deadline = time.monotonic() + timeout
    connection = Connection(socket.create_connection(("127.0.0.1", port), timeout), deadline)
    try:
        return Answer(connection.ask(b"GET / HTTP/1.1\r\nHost: stub\r\n\r\n", "GET", deadline).status)
    finally:
        connection.close()


def freeze(process) -> None:
    """The kernel goes on accepting its connections; nobody reads them."""
    time.sleep((SECONDS - FROZEN) / 2)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(FROZEN)
    os.kill(process.pid, signal.SIGCONT)


def closed_loop(port: int, latencies: list[float]) -> None:
    """One visitor who waits for each answer, as most load generators do."""
    end = time.monotonic() + SECONDS
    while (start := time.monotonic()) < end:
        ask(port, 60)
        latencies.append(time.monotonic() - start)
        time.sleep(PAUSE)


def line(name: str, latencies: list[float]) -> str:
    figures = " ".join(f"p{share * 100:g} {percentile(latencies, share):.3f} s" for share in (0.5, 0.95, 0.99))
    return f"{name}: {len(latencies)} requests, {figures}, slowest {max(latencies):.3f} s"


def main() -> None:
    closed: list[float] = []
    print(f"a server freezes for {FROZEN} s in {SECONDS} s; {RATE} requests/s are planned", flush=True)
    with running() as (process, port):
        run = Run(lambda kind, index, timeout: ask(port, timeout), Schedule.constant(RATE, SECONDS)).start()
        beside = threading.Thread(target=closed_loop, args=(port, closed))
        beside.start()
        freeze(process)
        outcomes = run.join()
        beside.join()
    latencies = [outcome.raw_latency for outcome in outcomes]
    print(line("open loop", latencies))
    print(line("closed loop", closed))
    shown = percentile(latencies, 0.95)
    if failed := failures(outcomes):
        sys.exit(f"not passed: {len(failed)} requests failed: {failed[0].detail}")
    if shown < SHOWN:
        sys.exit(f"not passed: the open loop's p95 is {shown:.3f} s and hides the freeze; {EXPECTED:.1f} s is right")
    if (hidden := percentile(closed, 0.95)) >= SHOWN:
        sys.exit(f"not passed: the closed loop's p95 is {hidden:.3f} s: what is slow here is not the freeze alone")
    print(f"passed: the open loop's p95 of {shown:.3f} s shows the freeze (by the arithmetic {EXPECTED:.1f} s)")


if __name__ == "__main__":
    main()
