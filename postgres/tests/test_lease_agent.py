"""What HAProxy is told of this node's Postgres, over a socket as HAProxy asks."""

import socket
import threading

import pytest
from lease import agent


def file(status):
    return f"42\n/data/pg\n1700000000\n5432\n/run/postgresql\n*\n  123  0\n{status}\n"


@pytest.fixture
def ask(tmp_path):
    alone = []
    server = agent.Agent(("127.0.0.1", 0), lambda: bool(alone), tmp_path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def call():
        with socket.create_connection(server.server_address, timeout=5) as connection:
            return connection.makefile().read()

    call.address, call.alone = server.server_address, alone
    yield call
    server.shutdown()
    server.server_close()
    thread.join()


SAYS = {"ready   ": "up\n", "standby ": "up\n", "stopping": "down\n", "starting": "down\n"}


@pytest.mark.parametrize("status", SAYS)
def test_it_follows_what_the_server_says_of_itself(ask, tmp_path, status):
    (tmp_path / "postmaster.pid").write_text(file(status))
    assert ask() == SAYS[status]


@pytest.mark.parametrize("text", ["", "42\n", file("ready").rsplit("\n", 2)[0]])
def test_a_file_that_is_being_written_is_no_server(ask, tmp_path, text):
    (tmp_path / "postmaster.pid").write_text(text)
    assert ask() == "down\n"


def test_a_server_that_is_all_alone_is_down(ask, tmp_path):
    (tmp_path / "postmaster.pid").write_text(file("ready"))
    ask.alone.append(True)
    assert ask() == "down\n"
    ask.alone.clear()
    assert ask() == "up\n"


def test_without_a_server_it_is_down(ask):
    assert ask() == "down\n"


def test_what_cannot_be_told_is_not_said_and_the_next_caller_is_told(ask, tmp_path, capsys):
    unreadable = tmp_path / "postmaster.pid"
    unreadable.mkdir()
    assert ask() == ""
    unreadable.rmdir()
    unreadable.write_text(file("ready"))
    assert ask() == "up\n"
    assert capsys.readouterr().err == ""


def test_callers_that_say_nothing_and_stay_hold_up_nobody(ask, tmp_path):
    (tmp_path / "postmaster.pid").write_text(file("ready"))
    with socket.create_connection(ask.address):
        assert ask() == "up\n"


def test_it_answers_beside_the_program_at_a_port_of_its_own():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    agent.serve(lambda: False, port)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        assert connection.makefile().read() == "down\n", "there is no Postgres here"
