"""The bus without a broker: events go to the handlers of this process, and wait in the outbox for all others."""

import logging

from django.db import Error

from flotilla.bus import confirming, consuming, handlers
from flotilla.bus.models import Delivery
from flotilla.db import errors

logger = logging.getLogger(__name__)

BATCH = 50


def deliver(alias: str) -> None:
    """Everything that can be delivered here. What cannot be now stays; `bus worker` and the next event try again."""
    try:
        for queue in sorted(handlers.consumers()):
            while _deliver(alias, queue):
                pass
    except Error as error:
        logger.warning("events wait in the outbox: %s", errors.in_short(error), extra={"alias": alias})


def _deliver(alias: str, queue: str) -> bool:
    """One batch; whether there may be more."""
    unsent = Delivery.objects.using(alias).filter(queue=queue, published_at=None, confirmed_at=None)
    bodies = list(unsent.order_by("id").values_list("event__body", flat=True)[:BATCH])
    taken = [id for ids in consuming.receive(bodies, queue).values() for id in ids]
    confirming.confirm(taken, queue)
    return len(bodies) == len(taken) == BATCH
