"""This node's Postgres, and the fence; on a real one: tests/stack/test_early_release.py."""

import importlib
import stat

import pytest
from lease import facts
from lease.facts import Doubt


@pytest.fixture
def server(postgres, tmp_path):
    return importlib.import_module("lease.server").Server(tmp_path, sleep=lambda seconds: None)


def mode(postgres):
    return stat.S_IMODE(postgres.file.stat().st_mode)


def test_a_fence_is_read_only_and_can_be_lifted(server, postgres):
    assert server.fence()
    assert server.own() == facts.Own(is_standby=True, silence=None, is_fenced=True, follows="10.77.4.11")
    assert mode(postgres) == 0o400
    server.lift()
    assert not server.own().is_fenced
    assert mode(postgres) == 0o600


def test_a_fence_is_set_and_lifted_again_over_a_read_only_file(server, postgres):
    """Left by somebody who ended half-way, or come with a copy of another node's files."""
    postgres.file.chmod(0o400)
    assert server.fence()
    assert server.fence()
    server.lift()
    assert not postgres.is_fenced


def test_a_receiver_that_is_left_is_no_fence_in_force(server, postgres):
    postgres.stubborn = True
    assert not server.fence()


def test_a_node_that_patroni_has_not_pointed_anywhere_follows_nobody(server, postgres):
    postgres.conninfo = None
    assert server.own().follows is None


@pytest.mark.parametrize(
    ("receiver", "calm"),
    [(("streaming", 0.1), True), (("streaming", 0.8), False), (("starting", 0.1), False), ((None, None), False)],
)
def test_calm_is_a_stream_that_was_heard_lately(server, postgres, receiver, calm):
    postgres.receiver = receiver
    assert server.is_calm(0.75) is calm


def test_calm_is_asked_over_one_session_until_that_breaks(server, postgres):
    assert server.is_calm(0.75)
    assert server.is_calm(0.75)
    assert postgres.sessions == 1
    postgres.down = True
    with pytest.raises(Doubt):
        server.is_calm(0.75)
    postgres.down = False
    assert server.is_calm(0.75)
    assert postgres.sessions == 2


def test_a_postgres_that_does_not_answer_is_doubt(server, postgres):
    postgres.down = True
    for ask in (server.own, server.fence, server.lift):
        with pytest.raises(Doubt):
            ask()


def test_a_data_directory_that_is_gone_is_doubt(server, postgres):
    postgres.file.unlink()
    for ask in (server.fence, server.lift):
        with pytest.raises(Doubt):
            ask()
