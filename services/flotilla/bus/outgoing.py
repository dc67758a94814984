"""What a worker says beside events: confirmations, gathered for a moment, and its own ping now and then.

Kept in memory only. One that is lost costs a redelivery, which the inbox knows and confirms again.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import batched
from typing import Protocol
from uuid import UUID

from flotilla.bus import heartbeat
from flotilla.bus.remote import BrokerAway

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.2
MESSAGE = 100  # ids in a message; with so many nothing is waited for
KEPT = 10_000  # ids kept for a broker that is away


class Says(Protocol):
    def confirm(self, queue: str, ids: list[UUID], consumer: str) -> None: ...
    def ping(self, queue: str) -> None: ...
    def close(self) -> None: ...


class Outgoing:
    """`add()` from any thread; `turn()` from the one that speaks with `broker`."""

    def __init__(self, broker: Says, consumer: str, ping_queue: str, clock: Callable[[], float] = time.monotonic):
        self._broker, self._consumer, self._ping_queue, self._clock = broker, consumer, ping_queue, clock
        self._waiting: dict[str, list[UUID]] = defaultdict(list)
        self._changed = threading.Condition()
        self._pinged = float("-inf")

    def add(self, taken: dict[str, list[UUID]]) -> None:
        """Events that the consumer has, by the service that published them."""
        with self._changed:
            for service, ids in taken.items():
                self._waiting[service] += ids
            self._changed.notify()

    def turn(self) -> float:
        """Wait for something to say, and say it. How long to rest before the next turn, in seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout=max(0.0, self._ping_in()))
            if self._waiting and self._ping_in() > 0:
                self._changed.wait_for(self._is_full, timeout=GATHER_SECONDS)
        try:
            self.flush()
            if self._ping_in() <= 0:
                self._broker.ping(self._ping_queue)
                self._pinged = self._clock()
        except BrokerAway as error:
            logger.info("confirmations wait: %s", error)
            self._broker.close()
            return 1.0
        return 0.0

    def flush(self) -> None:
        """Send all that waits. Raises BrokerAway; what was not sent is kept, up to a limit."""
        with self._changed:
            waiting, self._waiting = self._waiting, defaultdict(list)
        messages = [
            (service, list(ids))
            for service, all_ids in waiting.items()
            for ids in batched(all_ids, MESSAGE, strict=False)
        ]
        while messages:
            service, ids = messages[-1]
            try:
                self._broker.confirm(service, ids, self._consumer)
            except BrokerAway:
                self._take_back(messages)
                raise
            messages.pop()

    def _take_back(self, messages: list[tuple[str, list[UUID]]]) -> None:
        with self._changed:
            for service, ids in messages:
                if self._count() < KEPT:
                    self._waiting[service] += ids

    def _count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _is_full(self) -> bool:
        return self._count() >= MESSAGE

    def _ping_in(self) -> float:
        return self._pinged + heartbeat.EVERY_SECONDS - self._clock()
