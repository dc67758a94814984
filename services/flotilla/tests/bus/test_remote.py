"""The broker: what is asked of Redis, what a message looks like, and that every failure is one."""

import json
from datetime import UTC, datetime

import kombu
import pytest
import redis

from flotilla.bus import app as celery
from flotilla.bus import remote
from flotilla.bus.remote import BrokerAway, RedisBroker
from flotilla.env import Env
from flotilla.uuid7 import uuid7


class FakeRedis:
    """Answers from a dictionary; a pipeline is the same object."""

    def __init__(self):
        self.data, self.answers, self.run_id, self.error = {}, [], "run-1", None

    def pipeline(self, transaction):
        assert not transaction
        return self

    def set(self, key, value, *, nx, get):
        assert nx
        assert get
        self.answers.append(self.data.get(key))
        self.data.setdefault(key, value.encode())
        return self

    def info(self, section):
        self.answers.append({"run_id": self.run_id})

    def execute(self):
        if self.error:
            raise self.error
        answers, self.answers = self.answers, []
        return answers

    def llen(self, key):
        return len(self.data.get(key, []))

    def lindex(self, key, index):
        assert index == -1
        return self.data[key][-1] if self.data.get(key) else None

    def expire(self, key, seconds):
        self.data["expires"] = key, seconds

    def blpop(self, keys, timeout):
        self.data["waited"] = keys, timeout


@pytest.fixture
def server():
    return FakeRedis()


@pytest.fixture
def broker(server, monkeypatch):
    monkeypatch.setattr(celery.app, "connection_for_write", lambda: kombu.Connection("memory://"))
    made = RedisBroker()
    made.__dict__["_redis"] = server
    return made


def sent(queue):
    """What is in the queue: the task's name, its arguments, its headers."""
    message = kombu.Connection("memory://").default_channel.basic_get(queue, no_ack=True)
    return message.headers["task"], message.decode()[0], message.headers


def test_the_identity_changes_with_the_server_and_when_it_is_emptied(broker, server):
    first = broker.identity()
    assert broker.identity() == first
    server.run_id = "run-2"
    second = broker.identity()
    server.data.clear()
    assert len({first, second, broker.identity()}) == 3


def test_messages_are_celerys_and_say_when_they_were_published(broker, server):
    queue, now = f"q-{uuid7()}", datetime(2026, 1, 2, tzinfo=UTC)
    broker.publish(queue, [{"id": "1"}], now)
    task, arguments, headers = sent(queue)
    assert (task, arguments) == (celery.RECEIVE, [[{"id": "1"}]])
    assert headers["published"] == now.isoformat()
    id = uuid7()
    broker.confirm(queue, [id], "web")
    assert sent(queue)[:2] == (celery.CONFIRMED, [[str(id)], "web"])
    broker.ping(queue)
    assert sent(queue)[0] == celery.PING
    assert server.data["expires"][0] == queue
    broker.wait(1.0)
    assert server.data["waited"] == (["bus:bell:products"], 1.0)


def test_the_oldest_message_is_the_one_that_is_popped_next(broker, server):
    assert broker.oldest("q") is None
    assert broker.length("q") == 0
    old = {"headers": {"published": "2026-01-02T00:00:00+00:00"}}
    server.data["q"] = ["{}", json.dumps(old)]
    assert broker.oldest("q") == datetime(2026, 1, 2, tzinfo=UTC)
    assert broker.length("q") == 2


@pytest.mark.parametrize(
    "item",
    [
        b"no JSON",
        b"\xff",
        "7",
        "[]",
        "{}",
        '{"headers": null}',
        '{"headers": {}}',
        '{"headers": {"published": 7}}',
        '{"headers": {"published": "yesterday"}}',
        '{"headers": {"published": "2026-01-02T00:00:00"}}',
    ],
)
def test_an_item_that_is_no_message_has_no_age(broker, server, item):
    """Else the relay would do nothing until somebody has taken it."""
    server.data["q"] = [item]
    assert broker.oldest("q") is None


@pytest.mark.parametrize("error", [redis.TimeoutError("slow"), OSError("cut"), redis.ResponseError("OOM")])
def test_every_failure_is_one(broker, server, error):
    server.error = error
    with pytest.raises(BrokerAway, match=str(error)):
        broker.identity()
    broker.close()
    assert "_redis" not in broker.__dict__
    broker.close()


def test_its_own_connection_asks_the_sentinels(settings):
    settings.FLOTILLA = Env(redis_sentinels=("s:1",), redis_master="m")
    broker = RedisBroker()
    pool = broker._redis.connection_pool
    assert pool.service_name == "m"
    assert pool.connection_kwargs["socket_timeout"] == remote.ANSWER_SECONDS
