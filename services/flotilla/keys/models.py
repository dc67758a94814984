"""The stored answers of unsafe requests, by key."""

from django.db import models
from django.utils import timezone


class RequestKey(models.Model):
    """One unsafe request that took effect, written in the same transaction as the effect."""

    id = models.UUIDField(primary_key=True, editable=False)  # digest of scope and key, see identity
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(default=0)  # 0 only inside the transaction that makes it
    headers = models.JSONField(default=list)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
