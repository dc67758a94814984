"""The ping, against real sockets: who answers, who only accepts, who is not there; one question for many."""

import socket
import threading
import time

import pytest

from flotilla.db.backend import pooler
from flotilla.db.backend.pooler import SSL_REQUEST, Pings


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_an_answer_is_an_answer(listener):
    def serve():
        link, _ = listener.accept()
        with link:
            heard.append(link.recv(16))
            link.sendall(b"N")

    heard = []
    thread = threading.Thread(target=serve)
    thread.start()
    assert pooler.ask(*listener.getsockname())
    thread.join()
    assert heard == [SSL_REQUEST]


def test_a_frozen_pooler_accepts_and_never_answers(listener, monkeypatch):
    monkeypatch.setattr(pooler, "ANSWER_SECONDS", 0.05)
    assert not pooler.ask(*listener.getsockname())


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    assert not pooler.ask(*address)


def test_an_answer_serves_for_a_while():
    now, asked = [0.0], []
    pings = Pings(lambda host, port: asked.append((host, port)) or len(asked) == 1, clock=lambda: now[0])
    assert [pings.answers("a", 1), pings.answers("a", 1)] == [True, True]
    assert not pings.answers("b", 1)
    now[0] = 0.3
    assert not pings.answers("a", 1)
    assert asked == [("a", 1), ("b", 1), ("a", 1)]
    pings.forget()
    assert not pings.answers("a", 1)
    assert len(asked) == 4


def test_many_who_wait_ask_once():
    asked = []

    def ask(host, port):
        asked.append(host)
        time.sleep(0.05)
        return True

    pings = Pings(ask)
    threads = [threading.Thread(target=pings.answers, args=("a", 1)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["a"]
