"""This node's Postgres, and the fence; on a real one: tests/stack/test_early_release.py."""

import importlib
import re
import stat
from pathlib import Path

import pytest
from lease import alone, facts
from lease.facts import Doubt
from lease.warden import QUIET
from pgnode import render

POSTGRES = Path(__file__).resolve().parents[1]
PARAMETERS = render.dcs({}, POSTGRES)["postgresql"]["parameters"]


def milliseconds(parameter):
    number, unit = re.fullmatch(r"(\d+)(ms|s)", PARAMETERS[parameter]).groups()
    return int(number) * {"ms": 1, "s": 1000}[unit]


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


def test_its_position_is_asked_as_a_standby_asks_for_the_log(server, postgres):
    server.password = "of the replicator"
    assert server.position() == (3, 2**32 + 0x50000A8)
    asked = {name: postgres.asked[name] for name in ("user", "password", "connection_factory")}
    assert asked == {
        "user": "replicator", "password": "of the replicator",
        "connection_factory": postgres.PhysicalReplicationConnection,
    }  # fmt: skip
    postgres.down = True
    with pytest.raises(Doubt):
        server.position()


NOT_IN_FORCE = {
    "a receiver is left": {"stubborn": True},
    "the postmaster has not read it": {"reread": False},
    "somebody takes the line out": {"stays": False},
    "the startup process is elsewhere, and may be about to ask for a receiver": {"waits_from": 1000},
}


@pytest.mark.parametrize("case", NOT_IN_FORCE)
def test_a_fence_is_in_force_only_when_nobody_can_start_a_receiver(server, postgres, case):
    vars(postgres).update(NOT_IN_FORCE[case])
    assert not server.fence()


def test_a_fence_is_waited_for_for_a_second_each_time_in_a_new_session(server, postgres):
    slept = []
    server.sleep, postgres.waits_from = slept.append, 3
    assert server.fence()
    assert (len(slept), postgres.sessions) == (3, 1 + 3)
    postgres.waits_from = 1000
    assert not server.fence()
    assert sum(slept[3:]) == pytest.approx(1.0)


def test_a_second_is_two_waits_of_the_startup_process():
    """So it is seen there, unless it has log to replay."""
    assert milliseconds("wal_retrieve_retry_interval") * 2 <= 1000


def test_a_node_that_patroni_has_not_pointed_anywhere_follows_nobody(server, postgres):
    postgres.conninfo = None
    assert server.own().follows is None


@pytest.mark.parametrize(
    ("receiver", "calm"),
    [(("streaming", 0.1), True), (("streaming", 1.6), False), (("starting", 0.1), False), ((None, None), False)],
)
def test_calm_is_a_stream_that_was_heard_lately(server, postgres, receiver, calm):
    postgres.receiver = receiver
    assert server.is_calm(QUIET) is calm


def test_what_standbys_report_is_asked_over_one_session_too(server, postgres):
    assert server.replies() is None
    postgres.replies = "2026-11-22 12:00:01+00"
    assert server.replies() == "2026-11-22 12:00:01+00"
    assert postgres.sessions == 1
    postgres.down = True
    with pytest.raises(Doubt):
        server.replies()


def test_a_primary_waits_for_two_reports_before_it_takes_itself_for_alone():
    assert milliseconds("wal_receiver_status_interval") * 2 <= alone.HEARD * 1000


def test_an_idle_leader_is_not_silent():
    """It answers when asked, after half of the timeout; a fifth more is for the way and for a busy machine."""
    assert 1.2 * milliseconds("wal_receiver_timeout") / 2 <= QUIET * 1000


def test_a_receiver_outlives_the_alarm():
    """Else the alarm would come from the receiver's own timeout."""
    assert milliseconds("wal_receiver_timeout") > QUIET * 1000


def test_calm_is_asked_over_one_session_until_that_breaks(server, postgres):
    assert server.is_calm(QUIET)
    assert server.is_calm(QUIET)
    assert postgres.sessions == 1
    postgres.down = True
    with pytest.raises(Doubt):
        server.is_calm(QUIET)
    postgres.down = False
    assert server.is_calm(QUIET)
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
