"""Which deliveries the broker must have lost: they are marked as unsent, and the relay sends them like new ones.

- The broker is another one, or has been emptied: all that are not confirmed, at once.
- Not confirmed in time, and nothing that old is left in the queue: those. What still waits there gets more time, as a
  queue that is merely long has lost nothing.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from flotilla.bus import metrics
from flotilla.bus.models import BrokerSeen, Delivery
from flotilla.bus.remote import RedisBroker

logger = logging.getLogger(__name__)

LONGEST_SECONDS = 600


def mark(alias: str, broker: RedisBroker, identity: str, now: datetime) -> None:
    """Inside the relay's transaction."""
    sent = Delivery.objects.using(alias).filter(published_at__isnull=False, confirmed_at=None)
    if _is_another(alias, identity):
        _again(sent, "broker")
    due = sent.filter(due_at__lte=now)
    for queue in due.order_by().values_list("queue", flat=True).distinct():
        oldest, here = broker.oldest(queue) or now, due.filter(queue=queue)
        _again(here.filter(published_at__lt=oldest), "overdue")
        here.filter(published_at__gte=oldest).update(due_at=now + patience(0))


def patience(attempts: int) -> timedelta:
    """How long a confirmation may take after so many earlier sendings."""
    return timedelta(seconds=min(settings.FLOTILLA.bus_redeliver_seconds * 2 ** min(attempts, 20), LONGEST_SECONDS))


def _is_another(alias: str, identity: str) -> bool:
    """Compared with what this database saw last, whichever worker that was and however long ago."""
    seen = BrokerSeen.objects.using(alias).first()
    if seen is not None and seen.identity == identity:
        return False
    BrokerSeen.objects.using(alias).update_or_create(id=1, defaults={"identity": identity})
    if seen is not None:
        metrics.BROKER_CHANGES.inc()
        logger.warning(
            "the broker has changed or been emptied: unconfirmed events are sent again", extra={"alias": alias}
        )
    return True


def _again(deliveries, cause: str) -> None:
    count = deliveries.update(published_at=None)
    metrics.REDELIVERED.labels(cause).inc(count)
