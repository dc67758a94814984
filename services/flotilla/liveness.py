"""Whether this container serves, told by gunicorn's master: a process that has nothing else to do.

A balancer that asks the worker asks whether it is idle. With a hundred threads at work on scarce cores the answer comes
late, the replica is taken for dead, and its requests go to the others, which are then late themselves. The master is on
time as long as the container runs; one that is paused, cut off or dead answers nothing, here as there.
"""

import threading
import time
from contextlib import suppress
from socketserver import BaseRequestHandler, TCPServer
from typing import Any

STUCK = 15.0  # seconds without the worker's heartbeat, which it gives each second; gunicorn ends it after its `timeout`


SECONDS = 0.5  # for a request to be told: half of what HAProxy waits for its answer
HEAD = 8192  # bytes of it, at most
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


class Answer(BaseRequestHandler):
    """GET /livez: 200 while `server.arbiter` serves, else 503. Anything else: 404.

    Two balancers ask each replica three times a second, which is much of what an idle stack does: http.server does
    more for each than is asked.
    """

    def handle(self) -> None:
        with suppress(OSError):  # who has asked is gone, or slow
            known = self._head().startswith(b"GET /livez ")
            self.request.sendall(ANSWER % (self._status() if known else b"404 Not Found"))

    def _head(self) -> bytes:
        """Of the request, or what there is of it in time: one asker must not keep the others waiting."""
        head, end = b"", time.monotonic() + SECONDS
        while b"\r\n\r\n" not in head and len(head) < HEAD:
            self.request.settimeout(max(end - time.monotonic(), 0.001))
            part = self.request.recv(HEAD)
            if not part:
                break
            head += part
        return head

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
