"""Confirmations, on the publisher's side: a consumer has these events in its database."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models.functions import Now

from flotilla.bus import databases, metrics
from flotilla.bus.models import Delivery


def confirm(ids: Iterable[UUID], consumer: str) -> None:
    """They need not be sent again. Wherever they are: which shard has an event, its consumer does not know."""
    wanted = sorted(ids)
    if not wanted:
        return
    for alias in databases.aliases():
        rows = Delivery.objects.using(alias).filter(event_id__in=wanted, queue=consumer, confirmed_at=None)
        done = databases.run(alias, lambda rows=rows: rows.update(confirmed_at=Now()))
        metrics.CONFIRMED.labels(consumer).inc(done)
