"""The broker: Redis under Sentinel, messages as Celery's. It may lose all it has, at any time: nothing in it is the
only copy. One object for each thread; every method raises BrokerAway.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from kombu.exceptions import KombuError
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from flotilla.bus import bell
from flotilla.bus.app import CONFIRMED, PING, RECEIVE, app, sentinel_options, sentinels
from flotilla.events.data import decode_time
from flotilla.uuid7 import uuid7

ANSWER_SECONDS = 3.0  # beyond the longest wait that a command asks for
EPOCH = "bus:epoch"  # gone after FLUSHALL, or on a server that has come up empty
PUBLISHED = "published"  # the header with the time of publishing
PING_KEPT_SECONDS = 300


class BrokerAway(Exception):
    """The broker did not take, or did not tell, what it was asked; or it did, and its answer was lost."""


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, KombuError, OSError) as error:
        raise BrokerAway(str(error).partition("\n")[0]) from error


class RedisBroker:
    """What the bus asks of it."""

    def identity(self) -> str:
        """Changes when the broker may have forgotten something: another server, or the same one emptied.

        A write, which a master that has been replaced refuses.
        """
        with _telling():
            pipeline = self._redis.pipeline(transaction=False)
            fresh = uuid7().hex
            pipeline.set(EPOCH, fresh, nx=True, get=True).info("server")
            epoch, server = pipeline.execute()
        return f"{server['run_id']} {epoch.decode() if epoch else fresh}"

    def length(self, queue: str) -> int:
        """Messages that wait there."""
        with _telling():
            return self._redis.llen(queue)

    def oldest(self, queue: str) -> datetime | None:
        """When the message that has waited longest was published; None when none waits, or it does not say so."""
        with _telling():
            message = self._redis.lindex(queue, -1)
        try:
            return decode_time(json.loads(message)["headers"][PUBLISHED]) if message else None
        except (ValueError, LookupError, TypeError):
            return None

    def publish(self, queue: str, bodies: list[Any], published: datetime) -> None:
        """One message with all these events."""
        self._post(queue, RECEIVE, (bodies,), published)

    def confirm(self, queue: str, ids: list[UUID], consumer: str) -> None:
        """Tell the service that published these events that the consumer has them."""
        self._post(queue, CONFIRMED, ([str(id) for id in ids], consumer))

    def ping(self, queue: str) -> None:
        """A message that proves by its arrival that the queue is consumed; one that never does goes away."""
        self._post(queue, PING, ())
        with _telling():
            self._redis.expire(queue, PING_KEPT_SECONDS)

    def wait(self, seconds: float) -> None:
        """Until this service's doorbell rings, or the time is over."""
        with _telling():
            self._redis.blpop([bell.key(settings.FLOTILLA.service)], timeout=seconds)

    def close(self) -> None:
        """Forget connections that have failed: the next ones ask the Sentinels who is master."""
        self.__dict__.pop("_producer", None)
        self.__dict__.pop("_redis", None)

    @cached_property
    def _redis(self) -> redis.Redis:
        env = settings.FLOTILLA
        manager = Sentinel(sentinels(env), sentinel_kwargs=sentinel_options())
        return manager.master_for(
            env.redis_master,
            password=env.redis_password or None,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    @cached_property
    def _producer(self) -> Any:
        return app.amqp.Producer(app.connection_for_write(), auto_declare=False)

    def _post(self, queue: str, task: str, arguments: tuple[Any, ...], published: datetime | None = None) -> None:
        """To the default exchange, whose routing needs no bindings kept in Redis."""
        headers, properties, body, _ = app.amqp.create_task_message(
            uuid7().hex, task, arguments, {}, argsrepr="-", kwargsrepr="-", ignore_result=True
        )
        headers[PUBLISHED] = (published or datetime.now(UTC)).isoformat()
        with _telling():
            self._producer.publish(
                body, exchange="", routing_key=queue, serializer="json", headers=headers, retry=False, **properties
            )
