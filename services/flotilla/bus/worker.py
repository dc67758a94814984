"""The worker's process: Celery consumes the service's queue with a few threads; three or four look after the rest.

manage.py bus worker
"""

import logging
import signal
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from django.conf import settings

from flotilla import metrics
from flotilla.bus import confirming, consuming, databases, handlers, heartbeat, periodic, retrying
from flotilla.bus.keeper import Keeper
from flotilla.bus.loops import Loop

logger = logging.getLogger(__name__)

LONG_SECONDS = 3600.0  # the retrier is woken when there is something to do


class NoHandler(Exception):
    """Events are sent to this service that nothing here handles; the message names them."""


def run() -> int:
    """Until SIGTERM; the exit status. Raises NoHandler."""
    env = settings.FLOTILLA
    missing = handlers.missing(env.service)
    if missing:
        raise NoHandler(
            f"{env.service} has no handler for {', '.join(missing)}: add one, or take it out of the routes."
        )
    metrics.serve(env.metrics_port)
    return _run_with_broker() if env.redis_sentinels else _run_alone()


def retry() -> float:
    """The retrier's turn: until nothing is due in any database."""
    while sum(retrying.retry(alias) for alias in databases.aliases()):
        pass
    return LONG_SECONDS


def receive(bodies: Any) -> dict[str, list[UUID]]:
    """The task of a message of events."""
    try:
        return consuming.receive(bodies, settings.FLOTILLA.service)
    finally:
        databases.let_go()


def confirmed(ids: list[str], consumer: str) -> None:
    """The task of a message of confirmations. One without a database is as good as lost, and does no harm."""
    try:
        confirming.confirm([UUID(id) for id in ids], consumer)
    except databases.DatabaseAway as error:
        logger.warning("confirmations are dropped: %s", error)
    finally:
        databases.let_go()


def _run_alone() -> int:
    """Without a broker: what was left in the outbox, and what is to be tried again."""
    ends: SimpleQueue[None] = SimpleQueue()  # not an Event: a second signal amid its set() would wait for ever
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ends.put(None))
    loops = _loops(None)
    _start(loops)
    ends.get()
    _end(loops)
    return 0


def _run_with_broker() -> int:
    from flotilla.bus import app as celery
    from flotilla.bus.outgoing import Outgoing
    from flotilla.bus.remote import BrokerAway, RedisBroker

    env = settings.FLOTILLA
    outgoing = Outgoing(RedisBroker(), env.service, celery.ping_queue(env))

    def take(bodies: Any) -> None:
        outgoing.add(receive(bodies))

    celery.app.task(name=celery.RECEIVE)(take)
    celery.app.task(name=celery.CONFIRMED)(confirmed)
    celery.app.task(name=celery.PING)(heartbeat.beat)
    loops = [*_loops(RedisBroker()), Loop("tell", outgoing.turn)]
    _start(loops)
    status = celery.consume(env)
    _end(loops)
    try:
        outgoing.flush()
    except BrokerAway as error:
        logger.warning("confirmations are dropped: %s", error)
    return status


def _loops(broker: Any) -> list[Loop]:
    """With a broker or without; the last one only where there is something for it to do."""
    retrier = Loop("retry", retry)
    loops = [retrier, Loop("keep", Keeper(broker, retrier).turn)]
    jobs = periodic.jobs()
    return [*loops, Loop("clock", periodic.Clock(jobs).turn)] if jobs else loops


def _start(loops: list[Loop]) -> None:
    for loop in loops:
        loop.start()


def _end(loops: list[Loop]) -> None:
    for loop in loops:
        loop.end()
