"""Whether this container serves, told by gunicorn's master: a process that has nothing else to do.

A balancer that asks the worker asks whether it is idle. With a hundred threads at work on scarce cores the answer comes
late, the replica is taken for dead, and its requests go to the others, which are then late themselves. The master is on
time as long as the container runs; one that is paused, cut off or dead answers nothing, here as there.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

STUCK = 15.0  # seconds without the worker's heartbeat, which it gives each second; gunicorn ends it after its `timeout`


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


class Answer(BaseHTTPRequestHandler):
    """GET /livez: 200 while `server.arbiter` serves, else 503. Anything else: 404."""

    timeout = 1.0  # seconds for a request to be told: one asker must not keep the others waiting

    def do_GET(self) -> None:
        known = self.path == "/livez"
        status = (200 if is_serving(self.server.arbiter, time.monotonic()) else 503) if known else 404
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Four checks a second are no news."""


def serve(arbiter: Any, port: int) -> HTTPServer:
    """Answer on `port` from a thread of the master. A worker forked later calls `server_close()` on its copy."""
    server = HTTPServer(("0.0.0.0", port), Answer)  # noqa: S104 - the balancers are on another host
    server.arbiter = arbiter
    threading.Thread(target=server.serve_forever, name="liveness", daemon=True).start()
    return server
