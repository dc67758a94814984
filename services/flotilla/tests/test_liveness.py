import http.client
import socket
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from flotilla import liveness


class Heartbeat:
    def __init__(self, at):
        self.at = at

    def last_update(self):
        if isinstance(self.at, Exception):
            raise self.at
        return self.at


def arbiter(*heartbeats, listeners=(8000,)):
    workers = {number: SimpleNamespace(tmp=Heartbeat(at)) for number, at in enumerate(heartbeats)}
    return SimpleNamespace(LISTENERS=list(listeners), WORKERS=workers)


NOW, TIME_OF_DAY = 1000.0, 1.8e9


@pytest.mark.parametrize(
    ("heartbeats", "serves"),
    [
        ([NOW - 1], True),
        ([NOW - liveness.STUCK - 1], False),  # stuck
        ([TIME_OF_DAY], False),  # not yet begun
        ([], False),
        ([ValueError("closed")], False),
        ([OSError("gone"), NOW - 2], True),
    ],
)
def test_serving_is_a_worker_with_a_heartbeat(heartbeats, serves):
    assert liveness.is_serving(arbiter(*heartbeats), NOW) is serves


def test_a_master_that_ends_has_closed_its_port_and_says_so():
    assert not liveness.is_serving(arbiter(NOW - 1, listeners=()), NOW)


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    return connection.getresponse().status


def test_it_is_asked_over_http(monkeypatch):
    monkeypatch.setattr(liveness, "SECONDS", 0.5)
    master = arbiter(time.monotonic())
    server = liveness.serve(master, 0)
    port = server.server_address[1]
    try:
        assert ask(port, "/livez") == 200
        assert ask(port, "/elsewhere") == 404
        master.LISTENERS.clear()
        assert ask(port, "/livez") == 503
        for sent in (b"", b"GET /livez HTTP/1.1\r\n", b"GET /livez " + b"x" * 5000):  # and then nothing more
            with socket.create_connection(("127.0.0.1", port), 5) as slow:
                slow.sendall(sent)
                assert ask(port, "/livez") == 503
        with socket.create_connection(("127.0.0.1", port), 5) as short:
            short.sendall(b"GET ")
            short.shutdown(socket.SHUT_WR)
            assert short.recv(100).startswith(b"HTTP/1.1 404 ")
        with socket.create_connection(("127.0.0.1", port), 5) as long:
            long.sendall(b"GET /livez?" + b"x" * 2 * liveness.HEAD)
            assert ask(port, "/livez") == 503
    finally:
        server.shutdown()
        server.server_close()


def test_who_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(liveness, "SECONDS", 0.5)
    server = liveness.serve(arbiter(time.monotonic()), 0)
    try:
        with socket.create_connection(server.server_address, 5) as slow:
            threading.Thread(target=drip, args=(slow,), daemon=True).start()
            assert ask(server.server_address[1], "/livez") == 200
    finally:
        server.shutdown()
        server.server_close()


def drip(link):
    with suppress(OSError):
        for _ in range(200):
            link.sendall(b"x")
            time.sleep(0.02)
