"""Old rows go, in small steps. Never an event that somebody has not confirmed, nor one that is to be tried again."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from flotilla.bus import databases
from flotilla.bus.models import DeadLetter, Delivery, Inbox, Outbox

AT_ONCE = 1000  # rows of a table and step


class Step(NamedTuple):
    """What went. More may be there when a step was full."""

    rows: int
    full: bool


def prune() -> Step:
    """Forget what is older than BUS_KEEP_DAYS: one step in each database."""
    before = timezone.now() - timedelta(days=settings.FLOTILLA.bus_keep_days)
    return _together(databases.run(alias, lambda alias=alias: _prune(alias, before)) for alias in databases.aliases())


def _prune(alias: str, before: datetime) -> Step:
    # Ids are in order of time, so the primary keys serve as indexes by age.
    unconfirmed = Delivery.objects.filter(event=OuterRef("pk"), confirmed_at=None)
    told = Outbox.objects.using(alias).filter(~Exists(unconfirmed), id__lt=floor(before))
    done = Inbox.objects.using(alias).filter(event_id__lt=floor(before), received_at__lt=before, due_at=None)
    replayed = DeadLetter.objects.using(alias).filter(replayed_at__lt=before)
    return _together((_forget(told, "id"), _forget(done, "event_id"), _forget(replayed, "id")))


def _forget(rows: QuerySet, key: str) -> Step:
    """Some of the rows, and what hangs on them."""
    keys = list(rows.order_by(key).values_list(key, flat=True)[:AT_ONCE])
    return Step(rows.filter(**{f"{key}__in": keys}).delete()[0] if keys else 0, len(keys) == AT_ONCE)


def _together(steps: Iterable[Step]) -> Step:
    rows, full = zip(*steps, strict=True)
    return Step(sum(rows), any(full))


def floor(time: datetime) -> uuid.UUID:
    """The smallest version 7 id of that moment."""
    return uuid.UUID(int=int(time.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)
