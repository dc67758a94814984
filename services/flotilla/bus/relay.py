"""From the outbox to the broker: in the order of writing, one process at a time for each database.

A turn is one transaction: take the lock, look for what the broker has lost, send, mark as sent. Broken off anywhere it
leaves rows unmarked that were sent, never the reverse: they are sent again, and the inbox knows them.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from itertools import batched, groupby

from django.db.models import F

from flotilla.bus import databases, lost, metrics
from flotilla.bus.models import Delivery
from flotilla.bus.remote import RedisBroker
from flotilla.events.routes import QUEUES

BATCH = 200  # events a queue and turn
MESSAGE = 50  # events a message
WINDOW = 200  # messages in a queue; what is beyond stays in the outbox, where it costs the broker no memory

ALL_QUEUES = sorted({queue for queues in QUEUES.values() for queue in queues})


class Turn(Enum):
    """What came of it."""

    DONE = "done"
    MORE = "more"  # a batch was full: go on at once
    BUSY = "busy"  # another process relays


def turn(alias: str, broker: RedisBroker) -> Turn:
    """Send what is due from one database. Raises BrokerAway, DatabaseAway; then nothing is marked as sent."""
    identity = broker.identity()
    return databases.run(alias, lambda: _turn(alias, broker, identity))


def _turn(alias: str, broker: RedisBroker, identity: str) -> Turn:
    now = databases.take(alias)
    if now is None:
        return Turn.BUSY
    lost.mark(alias, broker, identity, now)
    full = [_send(alias, queue, broker, now) for queue in ALL_QUEUES]
    return Turn.MORE if any(full) else Turn.DONE


def _send(alias: str, queue: str, broker: RedisBroker, now: datetime) -> bool:
    """A batch for one queue; whether it was full."""
    unsent = Delivery.objects.using(alias).filter(queue=queue, published_at=None, confirmed_at=None)
    rows = list(unsent.select_related("event").order_by("id")[:BATCH])
    if not rows or broker.length(queue) >= WINDOW:
        return False
    for message in batched(rows, MESSAGE, strict=False):
        broker.publish(queue, [row.event.body for row in message], now)
    _mark(alias, rows, now)
    metrics.PUBLISHED.labels(queue).inc(len(rows))
    return len(rows) == BATCH


def _mark(alias: str, rows: Iterable[Delivery], now: datetime) -> None:
    """Sent at `now`; looked into when it is not confirmed in time, later each time."""
    for attempts, group in groupby(sorted(rows, key=lambda row: row.attempts), key=lambda row: row.attempts):
        ids = [row.id for row in group]
        Delivery.objects.using(alias).filter(id__in=ids).update(
            published_at=now, due_at=now + lost.patience(attempts), attempts=F("attempts") + 1
        )
