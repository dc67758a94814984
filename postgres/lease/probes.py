"""Whether a leader answers. Connecting proves nothing: the kernel of a paused container goes on accepting."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

SECONDS = 0.5
HTTP, SQL = 8008, 5432
SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"
GET = b"GET /liveness HTTP/1.0\r\n\r\n"


def answers(host):
    """-> whether Patroni or Postgres at `host` said anything within SECONDS. Both are asked at once."""
    with ThreadPoolExecutor(2) as pool:
        return any(pool.map(_said, (host, host), (HTTP, SQL), (GET, SSL_REQUEST)))


def _said(host, port, question):
    until = time.monotonic() + SECONDS
    try:
        with socket.create_connection((host, port), SECONDS) as link:
            link.sendall(question)
            link.settimeout(max(until - time.monotonic(), 0.001))
            return bool(link.recv(1))
    except OSError:
        return False
