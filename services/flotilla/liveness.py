"""Whether this container serves, told by gunicorn's master: a process that has nothing else to do.

A balancer that asks the worker asks whether it is idle. With a hundred threads at work on scarce cores the answer comes
late, the replica is taken for dead, and its requests go to the others, which are then late themselves. The master is on
time as long as the container runs; one that is paused, cut off or dead answers nothing, here as there.
"""

import threading
import time
from contextlib import suppress
from socketserver import StreamRequestHandler, TCPServer
from typing import Any

STUCK = 15.0  # seconds without the worker's heartbeat, which it gives each second; gunicorn ends it after its `timeout`


LINE, LINES = 1024, 32  # of a request; what is longer is not read
ANSWER = b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def is_serving(arbiter: Any, now: float) -> bool:
    """The port is open, and a worker has begun to serve and still gives its heartbeat.

    `now`: time.monotonic(). Until its first heartbeat a worker's file has the time of day it was made, far later than
    any monotonic clock; when gunicorn is told to end it closes its listeners first.
    """
    ages = [now - heartbeat(worker) for worker in list(arbiter.WORKERS.values())]
    return bool(arbiter.LISTENERS) and any(0 <= age < STUCK for age in ages)


def heartbeat(worker: Any) -> float:
    try:
        return worker.tmp.last_update()
    except (OSError, ValueError):  # it has just ended, and its file is closed
        return float("-inf")


class Answer(StreamRequestHandler):
    """GET /livez: 200 while `server.arbiter` serves, else 503. Anything else: 404.

    Two balancers ask each replica three times a second, which is much of what an idle stack does: http.server would
    take twice as long for each.
    """

    timeout = 1.0  # seconds for a line to be told: one asker must not keep the others waiting

    def handle(self) -> None:
        with suppress(OSError):  # who has asked is gone, or slow
            known = self.rfile.readline(LINE).startswith(b"GET /livez ")
            any(not self.rfile.readline(LINE).strip() for _ in range(LINES))  # to the end of the head
            self.wfile.write(ANSWER % (self._status() if known else b"404 Not Found"))

    def _status(self) -> bytes:
        return b"200 OK" if is_serving(self.server.arbiter, time.monotonic()) else b"503 Service Unavailable"


class Server(TCPServer):
    allow_reuse_address = True


def serve(arbiter: Any, port: int) -> TCPServer:
    """Answer on `port` from a thread of the master. A worker forked later calls `server_close()` on its copy."""
    server = Server(("0.0.0.0", port), Answer)  # noqa: S104 - the balancers are on another host
    server.arbiter = arbiter
    threading.Thread(target=server.serve_forever, name="liveness", daemon=True).start()
    return server
