"""HAProxy's agent check: "down" the moment this node's Postgres begins to end, and while it is a primary all alone.

Patroni says the first as well, but a check that it is just answering asks Postgres first and then waits a second for
one that ends; the second it learns when it cannot renew its lease. Protocol: https://docs.haproxy.org/3.0/configuration.html#5.2-agent-check
"""

import socketserver
import threading
from pathlib import Path

PORT = 8010
DATA = Path("/data/pg")
STATUS = 7  # the line of postmaster.pid, from 0, in which the server keeps its state (src/include/utils/pidfile.h)
SERVES = ("ready", "standby")
UP, DOWN = b"up\n", b"down\n"


def answer(data=DATA):
    """-> UP or DOWN. Up does not say that it is the primary: HAProxy asks Patroni for that, and wants both.

    OSError when it cannot be told, for want of a descriptor for instance: then nothing is said, which changes nothing.
    """
    try:
        lines = Path(data, "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return DOWN
    return UP if len(lines) > STATUS and lines[STATUS].strip() in SERVES else DOWN


class Agent(socketserver.TCPServer):
    """Nothing is read from a caller, and five bytes always fit: no caller can hold up another."""

    allow_reuse_address = True

    def __init__(self, address, is_alone, data=DATA):
        self.is_alone, self.data = is_alone, data
        super().__init__(address, None)

    def finish_request(self, request, client_address):
        request.sendall(DOWN if self.is_alone() else answer(self.data))

    def handle_error(self, request, client_address):
        """Neither a caller that hangs up early nor an answer that cannot be given is an event."""


def serve(is_alone, port=PORT):
    """Answer from a thread, for as long as the program runs."""
    threading.Thread(target=Agent(("", port), is_alone).serve_forever, daemon=True, name="agent").start()
