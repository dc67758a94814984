"""What a node says of its room, over the port of its metrics, and what another one makes of it."""

import importlib
import socket
import threading
import time

import pytest
from room import others
from room.volume import MB


class Disk:
    free, size, needed = 90 * MB, 700 * MB, 64 * MB


@pytest.fixture
def port(monkeypatch):
    """A free port, which is the one that is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    monkeypatch.setattr(others, "PORT", number)
    monkeypatch.setattr(others, "SECONDS", 2)
    return number


def test_a_node_says_what_it_has_at_that_moment(port, tmp_path):
    client = pytest.importorskip("prometheus_client", reason="the metrics need prometheus_client")
    metrics, disk, mark = importlib.import_module("room.metrics"), Disk(), tmp_path / "mark"
    metrics.show(disk, mark)
    client.start_http_server(port)
    assert others.free("127.0.0.1") == 90 * MB
    disk.free = 5 * MB
    assert others.free("127.0.0.1") == 5 * MB
    mark.touch()
    said = client.generate_latest().decode().splitlines()
    assert {"flotilla_room_size_bytes 7.340032e+08", "flotilla_room_needed_bytes 6.7108864e+07"} <= set(said)
    assert "flotilla_room_waiting 1.0" in said


def answering(port, body):
    server = socket.create_server(("127.0.0.1", port))

    def answer():
        link, _ = server.accept()
        with link, server:
            link.recv(4096)
            link.sendall(body)

    threading.Thread(target=answer, daemon=True).start()


ANSWERS = {
    "an older image's": b"HTTP/1.0 200 OK\r\n\r\nflotilla_lease_fenced 0.0\n",
    "no number": b"HTTP/1.0 200 OK\r\n\r\nflotilla_room_free_bytes much\n",
    "an error": b"HTTP/1.0 500 Internal Server Error\r\n\r\n",
    "no HTTP": b"N",
    "no text": b"HTTP/1.0 200 OK\r\n\r\n\xff",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_not_understood_is_no_room(port, answer):
    answering(port, answer)
    assert others.free("127.0.0.1") == 0


def test_who_is_silent_or_away_has_no_room(port, monkeypatch):
    monkeypatch.setattr(others, "SECONDS", 0.3)
    assert others.free("127.0.0.1") == 0
    with socket.create_server(("127.0.0.1", port)):
        began = time.monotonic()
        assert others.free("127.0.0.1") == 0
        assert time.monotonic() - began < others.SECONDS + 1.5
