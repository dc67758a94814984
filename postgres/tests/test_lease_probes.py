"""A leader that answers, or not."""

import socket
import threading
import time

import pytest
from lease import probes


@pytest.fixture
def listener():
    """listener(answer) -> a port; without an answer the kernel accepts, as it does for a paused container."""
    sockets = []

    def listen(answer=None, after=0.0):
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)
        if answer:
            threading.Thread(target=say, args=(server, answer, after), daemon=True).start()
        return server.getsockname()[1]

    yield listen
    for server in sockets:
        server.close()


def say(server, answer, after=0.0):
    link, _ = server.accept()
    with link:
        link.recv(100)
        time.sleep(after)
        link.sendall(answer)


@pytest.fixture
def asked(monkeypatch):
    """asked(http port, sql port) -> whether it answers; bounded."""
    monkeypatch.setattr(probes, "SECONDS", 0.3)

    def ask(http, sql):
        monkeypatch.setattr(probes, "HTTP", http)
        monkeypatch.setattr(probes, "SQL", sql)
        began = time.monotonic()
        answers = probes.answers("127.0.0.1")
        assert time.monotonic() - began < probes.SECONDS + 1.5
        return answers

    return ask


def test_who_accepts_and_says_nothing_is_silent(asked, listener):
    assert not asked(listener(), listener())


def test_who_refuses_is_silent(asked, listener):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not asked(port, port)


def test_who_answers_late_is_silent(asked, listener):
    assert not asked(listener(b"HTTP/1.0 200 OK\r\n\r\n", 2), listener(b"N", 2))


def test_half_a_second_is_the_limit():
    """Decision 0028, step 2."""
    assert probes.SECONDS == 0.5


def test_either_answer_is_a_sign_of_life(asked, listener, monkeypatch):
    monkeypatch.setattr(probes, "SECONDS", 1)
    assert asked(listener(b"HTTP/1.0 503 Service Unavailable\r\n\r\n"), listener())
    assert asked(listener(), listener(b"N"))
