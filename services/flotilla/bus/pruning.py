"""Old rows go, in small steps. Never an event that somebody has not confirmed, nor one that is to be tried again."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from flotilla.bus import databases
from flotilla.bus.models import DeadLetter, Delivery, Inbox, Outbox

AT_ONCE = 1000  # rows of a table and step


def prune(steps: int = 1) -> int:
    """Forget what is older than BUS_KEEP_DAYS, so many steps in each database; how many rows went."""
    before = timezone.now() - timedelta(days=settings.FLOTILLA.bus_keep_days)
    return sum(
        databases.run(alias, lambda alias=alias: _prune(alias, before))
        for alias in databases.aliases()
        for _ in range(steps)
    )


def _prune(alias: str, before: datetime) -> int:
    # Ids are in order of time, so the primary keys serve as indexes by age.
    unconfirmed = Delivery.objects.filter(event=OuterRef("pk"), confirmed_at=None)
    told = Outbox.objects.using(alias).filter(~Exists(unconfirmed), id__lt=floor(before))
    done = Inbox.objects.using(alias).filter(event_id__lt=floor(before), received_at__lt=before, due_at=None)
    replayed = DeadLetter.objects.using(alias).filter(replayed_at__lt=before)
    return _forget(told, "id") + _forget(done, "event_id") + _forget(replayed, "id")


def _forget(rows: QuerySet, key: str) -> int:
    """Some of the rows, and what hangs on them."""
    keys = list(rows.order_by(key).values_list(key, flat=True)[:AT_ONCE])
    return rows.filter(**{f"{key}__in": keys}).delete()[0] if keys else 0


def floor(time: datetime) -> uuid.UUID:
    """The smallest version 7 id of that moment."""
    return uuid.UUID(int=int(time.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)
