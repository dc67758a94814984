"""Claiming a key, and the answer stored under it. All of it inside the request's own transaction, in its database."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connections
from django.http import HttpResponse
from django.utils import timezone

from flotilla.keys.models import RequestKey

KEPT = timedelta(hours=24)
PRUNED_AT_ONCE = 1000
# What is true of one connection or one sending, not of the answer.
NOT_STORED = frozenset({"x-request-id", "x-served-by", "server-timing", "date", "connection"})

# One that is older than KEPT counts as absent: its row is taken over, of two at once by the first to lock it, and the
# other then finds it new. The row of a younger one stays as it is and locked, so that nobody forgets it meanwhile.
CLAIM = (
    "INSERT INTO keys_requestkey (id, fingerprint, status, headers, body, created_at) VALUES (%s, %s, 0, '[]', '', %s)"
    " ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,"
    " headers = excluded.headers, body = excluded.body, created_at = excluded.created_at"
    " WHERE keys_requestkey.created_at < %s"
)
# The insert waits for a first arrival that is still running: a second at a time, so that nobody sits on a server
# connection of the pooler meanwhile (lock_timeout -> 55P03 -> rolled back and tried again).
# A transaction whose client, or pooler, has frozen would keep its key for ever: the server ends it when it idles.
PATIENT_CLAIM = (
    "SET LOCAL lock_timeout = '1s'; SET LOCAL idle_in_transaction_session_timeout = %s; "
    f"{CLAIM}; SET LOCAL lock_timeout = DEFAULT"
)


def claim(alias: str, id: uuid.UUID, fingerprint: bytes) -> bool:
    """Take the key for this transaction; False when a committed request has it. One round trip, the first statement."""
    connection, now = connections[alias], timezone.now()
    times = [connection.ops.adapt_datetimefield_value(time) for time in (now, now - KEPT)]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(CLAIM, [id.hex, fingerprint, *times])
            return cursor.rowcount == 1
        idle_milliseconds = int(settings.FLOTILLA.transaction_idle_seconds * 1000)
        cursor.execute(PATIENT_CLAIM, [idle_milliseconds, id, fingerprint, *times])
        cursor.nextset()
        cursor.nextset()
        return cursor.rowcount == 1


def keep(alias: str, id: uuid.UUID, response: HttpResponse) -> None:
    """Store the answer beside the effect."""
    RequestKey.objects.using(alias).filter(id=id).update(
        status=response.status_code, headers=_headers(response), body=response.content
    )


def answer(alias: str, id: uuid.UUID, fingerprint: bytes) -> HttpResponse | None:
    """The stored answer; None when the key was used for another request."""
    stored = RequestKey.objects.using(alias).get(id=id)
    if bytes(stored.fingerprint) != fingerprint:
        return None
    response = HttpResponse(bytes(stored.body), status=stored.status)
    del response.headers["Content-Type"]
    for name, value in stored.headers:
        if name == "Set-Cookie":
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response


def prune(alias: str) -> bool:
    """Forget a bounded number of old keys, inside a transaction; whether there may be more."""
    old = RequestKey.objects.using(alias).filter(created_at__lt=timezone.now() - KEPT).order_by("created_at")
    ids = list(old.select_for_update(skip_locked=True).values_list("id", flat=True)[:PRUNED_AT_ONCE])
    RequestKey.objects.using(alias).filter(id__in=ids).delete()
    return len(ids) == PRUNED_AT_ONCE


def _headers(response: HttpResponse) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in response.items() if name.lower() not in NOT_STORED]
    return kept + [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
