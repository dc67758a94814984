"""How far the bus is, in each database: for the metrics and for `manage.py bus status`."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from flotilla.bus import databases, metrics
from flotilla.bus.models import DeadLetter, Delivery, Inbox


@dataclass(frozen=True)
class Status:
    """Counts, and ages in seconds."""

    unpublished: int
    unpublished_seconds: float
    unconfirmed: int
    unconfirmed_seconds: float
    waiting: int
    overdue_seconds: float
    dead: int


def of(alias: str) -> Status:
    """Two statements over open rows, one over the dead letters. An idle bus is told by empty indexes."""
    open_rows = Delivery.objects.using(alias).filter(confirmed_at=None)
    unsent = open_rows.filter(published_at=None)
    with databases.working():
        unpublished, unpublished_seconds = _count(unsent)
        sent, sent_seconds = _count(open_rows.filter(published_at__isnull=False))
        waiting = Inbox.objects.using(alias).filter(due_at__isnull=False).aggregate(count=Count("*"), due=Min("due_at"))
        return Status(
            unpublished,
            unpublished_seconds,
            unpublished + sent,
            max(unpublished_seconds, sent_seconds),
            waiting["count"],
            _age(waiting["due"]),
            DeadLetter.objects.using(alias).filter(replayed_at=None).count(),
        )


def report(alias: str) -> None:
    """Set the gauges. Every worker does: whoever adds them up takes the maximum."""
    status = of(alias)
    metrics.UNPUBLISHED.labels(alias).set(status.unpublished)
    metrics.LAG.labels(alias).set(status.unpublished_seconds)
    metrics.UNCONFIRMED.labels(alias).set(status.unconfirmed)
    metrics.CONFIRM_LAG.labels(alias).set(status.unconfirmed_seconds)
    metrics.WAITING.labels(alias).set(status.waiting)
    metrics.OVERDUE.labels(alias).set(status.overdue_seconds)
    metrics.DEAD_NOW.labels(alias).set(status.dead)


def _count(rows: QuerySet[Delivery]) -> tuple[int, float]:
    found = rows.aggregate(count=Count("id"), oldest=Min("event__created_at"))
    return found["count"], _age(found["oldest"])


def _age(since: datetime | None) -> float:
    return max(0.0, (timezone.now() - since).total_seconds()) if since else 0.0
