"""Redis' protocol, as far as it is read here; who leads, from what the servers say."""

import io

import pytest

from stack import direct


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (b"+PONG\r\n", "PONG"),
        (b":2\r\n", 2),
        (b"$5\r\nab\r\nc\r\n", "ab\r\nc"),
        (b"$-1\r\n", None),
        (b"*2\r\n$4\r\nname\r\n$4\r\nmain\r\n", ["name", "main"]),
        (b"*0\r\n", []),
    ],
)
def test_answers_of_every_kind_are_read(answer, value):
    assert direct.parse(io.BytesIO(answer)) == value


@pytest.mark.parametrize("answer", [b"-NOAUTH Authentication required.\r\n", b""])
def test_an_error_or_silence_is_no_answer(answer):
    with pytest.raises(OSError, match=r"NOAUTH|closed"):
        direct.parse(io.BytesIO(answer))


def test_a_command_is_sent_with_lengths_in_bytes():
    assert direct.resp("SET", "kä") == b"*2\r\n$3\r\nSET\r\n$3\r\nk\xc3\xa4\r\n"


def test_only_replicas_in_step_are_online(monkeypatch):
    said = (
        "role:master\r\nconnected_slaves:2\r\nslave0:ip=1,state=online,lag=0\r\nslave1:ip=2,state=wait_bgsave,lag=0\r\n"
    )
    monkeypatch.setattr(direct, "redis", lambda *_, **__: said)
    monkeypatch.setattr(direct, "secret", lambda name: name)
    assert direct.redis_replicas("1") == ["online", "wait_bgsave"]


def test_the_first_server_that_answers_is_believed():
    def ask(address):
        if address == "dead":
            raise OSError
        return address

    assert direct.first({"a": "dead", "b": "well", "c": "unasked"}, ask) == "well"
    with pytest.raises(OSError, match="none of a, b answers"):
        direct.first({"a": "dead", "b": "dead"}, ask)


def test_a_leader_that_does_not_run_is_no_primary(monkeypatch):
    monkeypatch.setattr(
        direct, "members", lambda: {"postgres-1": ("leader", "stopped"), "postgres-2": ("replica", "streaming")}
    )
    assert direct.postgres_primary() == ""
    assert direct.postgres_standby() == "postgres-2"
