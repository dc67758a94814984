"""What a worker looks after beside its queue: the outbox, events to be tried again, figures, old rows.

It looks every two seconds, with one statement for each database; the doorbell makes it look at once.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from django.db import connections
from django.utils import timezone

from flotilla.bus import databases, local, metrics, pruning, relay, status
from flotilla.bus.relay import Turn
from flotilla.bus.remote import BrokerAway, RedisBroker

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
BUSY_SECONDS = 0.1  # another worker relays, and may have begun before the row was there
AWAY_SECONDS = 2.0  # the longest pause for a broker that does not answer
FIGURES_SECONDS = 15.0
PRUNE_SECONDS = 600.0
PRUNE_AT_ONCE_SECONDS = 2.0  # of steps, with a look at all the rest between two of them
PRUNE_SOON_SECONDS = 10.0  # the time was over and old rows were left: a busy bus makes more than a step in ten minutes

LOOK = """
SELECT EXISTS (SELECT 1 FROM bus_delivery WHERE published_at IS NULL AND confirmed_at IS NULL),
       EXISTS (SELECT 1 FROM bus_delivery WHERE published_at IS NOT NULL AND confirmed_at IS NULL),
       EXISTS (SELECT 1 FROM bus_inbox WHERE due_at <= %s)
"""


class Seen(NamedTuple):
    """What there is to do in one database."""

    unsent: bool
    unconfirmed: bool
    due: bool


class Retrier(Protocol):
    def wake(self) -> None: ...


class Keeper:
    """`turn()` over and over, in one thread. Without a broker, events go to the handlers of this process."""

    def __init__(self, broker: RedisBroker | None, retrier: Retrier, clock: Callable[[], float] = time.monotonic):
        self._broker, self._retrier, self._clock = broker, retrier, clock
        self._failures = 0
        self._figures_at = self._prune_at = 0.0

    def turn(self) -> float:
        """Look after every database, then wait for the doorbell; how long to rest beyond that, in seconds."""
        self._prune()
        turns = self._look_after_all()
        self._report()
        if Turn.MORE in turns:
            return 0.0
        if Turn.BUSY in turns:
            return BUSY_SECONDS
        return self._wait()

    def _look_after_all(self) -> list[Turn]:
        return [self._look_after(alias) for alias in databases.aliases()]

    def _look_after(self, alias: str) -> Turn:
        seen = look(alias)
        if seen.due:
            self._retrier.wake()
        if self._broker is None:
            if seen.unsent:
                local.deliver(alias)
        elif seen.unsent or seen.unconfirmed:
            return self._relay(alias, self._broker)
        return Turn.DONE

    def _relay(self, alias: str, broker: RedisBroker) -> Turn:
        try:
            turn = relay.turn(alias, broker)
        except BrokerAway as error:
            self._lost(broker, error)
            return Turn.DONE
        self._failures = 0
        return turn

    def _lost(self, broker: RedisBroker, error: BrokerAway) -> None:
        broker.close()
        metrics.RELAY_FAILURES.inc()
        self._failures += 1
        if self._failures == 1:
            logger.warning("the broker is away, events wait in the outbox: %s", error)

    def _wait(self) -> float:
        if self._broker is None:
            return POLL_SECONDS
        if self._failures:
            return random.uniform(0.5, 1) * min(0.1 * 2**self._failures, AWAY_SECONDS)
        try:
            self._broker.wait(POLL_SECONDS)
        except BrokerAway:
            self._broker.close()
            return POLL_SECONDS
        return 0.0

    def _report(self) -> None:
        now = self._clock()
        if now >= self._figures_at:
            self._figures_at = now + FIGURES_SECONDS
            for alias in databases.aliases():
                status.report(alias)

    def _prune(self) -> None:
        """Old rows, as many as there is time for; relaying does not wait for more than a step of it."""
        now = self._clock()
        if now < self._prune_at:
            return
        first = not self._prune_at
        self._prune_at = now + _about(PRUNE_SECONDS)  # also when it fails
        if first:  # a worker that is started again and again need not prune each time
            return
        while pruning.prune().full:
            if self._clock() >= now + PRUNE_AT_ONCE_SECONDS:
                self._prune_at = now + _about(PRUNE_SOON_SECONDS)
                return
            self._look_after_all()


def _about(seconds: float) -> float:
    """Not in step with the other workers."""
    return seconds * random.uniform(0.5, 1.5)


def look(alias: str) -> Seen:
    """One statement, whose indexes are empty while nothing goes on."""
    connection = connections[alias]
    with databases.working(), connection.cursor() as cursor:
        cursor.execute(LOOK, [connection.ops.adapt_datetimefield_value(timezone.now())])
        return Seen(*map(bool, cursor.fetchone()))
