"""What the bus remembers, in each database of a service: what was said, who has it, what was heard, what went wrong.

Indexes of the polls cover open rows only: those of an idle bus are empty, however many rows are kept.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone

OPEN = Q(confirmed_at=None)


class Outbox(models.Model):
    """An event, written in the transaction that makes it true."""

    id = models.UUIDField(primary_key=True, editable=False)  # the event's; version 7, so in order of time
    entity = models.CharField(max_length=60)
    subject = models.CharField(max_length=64)
    version = models.BigIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        # Two events of one version: whoever published the second has not raised it, and consumers would skip it.
        constraints = [models.UniqueConstraint(fields=["entity", "subject", "version"], name="bus_outbox_version_once")]


class Delivery(models.Model):
    """An event for one queue. The id is the order of sending."""

    event = models.ForeignKey(Outbox, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    queue = models.CharField(max_length=30)
    published_at = models.DateTimeField(null=True)  # none: to be sent, for the first time or again
    due_at = models.DateTimeField(null=True)  # sent and still not confirmed by then: looked into
    confirmed_at = models.DateTimeField(null=True)  # the consumer has it in its database
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "queue"], name="bus_delivery_once")]
        indexes = [
            models.Index(fields=["queue", "id"], condition=OPEN & Q(published_at=None), name="bus_delivery_unsent"),
            models.Index(fields=["due_at"], condition=OPEN & Q(published_at__isnull=False), name="bus_delivery_sent"),
        ]


class Inbox(models.Model):
    """An event that a consumer has: done, or (`due_at`) to be tried again."""

    pk = models.CompositePrimaryKey("event_id", "consumer")
    event_id = models.UUIDField()
    consumer = models.CharField(max_length=30)
    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    body = models.JSONField(null=True)  # while it is to be tried again
    reason = models.TextField(default="")

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="bus_inbox_due")]


class EntityVersion(models.Model):
    """The last version of an entity that a consumer has applied. Kept for ever: it also stops what the inbox forgot."""

    pk = models.CompositePrimaryKey("consumer", "entity", "subject")
    consumer = models.CharField(max_length=30)
    entity = models.CharField(max_length=60)
    subject = models.CharField(max_length=64)
    version = models.BigIntegerField()


class DeadLetter(models.Model):
    """What a consumer gave up, until somebody replays it."""

    event_id = models.UUIDField()
    consumer = models.CharField(max_length=30)
    type = models.CharField(max_length=80)
    body = models.JSONField()
    reason = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "consumer"], name="bus_deadletter_once")]


class BrokerSeen(models.Model):
    """The broker that this database's events were last sent to; one row. Another one may know nothing of them."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    identity = models.CharField(max_length=120)
