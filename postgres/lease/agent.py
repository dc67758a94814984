"""HAProxy's agent check: "down" the moment this node's Postgres begins to end.

Patroni says so as well, but a check that it is just answering asks Postgres first and then waits a second for one that
ends. Protocol: https://docs.haproxy.org/3.0/configuration.html#5.2-agent-check
"""

import socketserver
import threading
from pathlib import Path

PORT = 8010
DATA = Path("/data/pg")
STATUS = 7  # the line of postmaster.pid, from 0, in which the server keeps its state (src/include/utils/pidfile.h)
SERVES = ("ready", "standby")


def answer(data=DATA):
    """-> b"up" or b"down". Up does not say that it is the primary: HAProxy asks Patroni for that, and wants both.

    OSError when it cannot be told, for want of a descriptor for instance: then nothing is said, which changes nothing.
    """
    try:
        lines = Path(data, "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return b"down\n"
    return b"up\n" if len(lines) > STATUS and lines[STATUS].strip() in SERVES else b"down\n"


class Agent(socketserver.TCPServer):
    """Nothing is read from a caller, and five bytes always fit: no caller can hold up another."""

    allow_reuse_address = True

    def __init__(self, address, data=DATA):
        self.data = data
        super().__init__(address, None)

    def finish_request(self, request, client_address):
        request.sendall(answer(self.data))

    def handle_error(self, request, client_address):
        """Neither a caller that hangs up early nor an answer that cannot be given is an event."""


def serve(port=PORT):
    """Answer from a thread, for as long as the program runs."""
    threading.Thread(target=Agent(("", port)).serve_forever, daemon=True, name="agent").start()
