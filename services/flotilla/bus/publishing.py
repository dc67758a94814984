"""Saying that something has happened: `publish(event)`, in the transaction that makes it happen."""

from django.db import connections, transaction

from flotilla import context
from flotilla.bus import bell
from flotilla.bus.models import Delivery, Outbox
from flotilla.events import envelope as envelopes
from flotilla.events.contracts import Event
from flotilla.events.routes import QUEUES


class NoTransaction(RuntimeError):
    """An event was published outside of a transaction: it could be told without being true, or be true untold."""


def publish(*events: Event, using: str = "default") -> None:
    """Write the events beside their cause; they leave after the commit, and only then. Two statements.

    Publish after the entity's row has been changed: its lock then keeps the events of one entity in order.
    Raises NoTransaction; Malformed when an event is not what its class says; IntegrityError for a version told before.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise NoTransaction(f"publish() outside of transaction.atomic(using={using!r}): put the change and it in one.")
    if not events:
        return
    rows = [_row(event) for event in events]
    Outbox.objects.using(using).bulk_create(rows)
    Delivery.objects.using(using).bulk_create(
        Delivery(event=row, queue=queue)
        for row, event in zip(rows, events, strict=True)
        for queue in QUEUES[type(event)]
    )
    ring = bell.ringer(using)
    if all(ring is not callback for _, callback, _ in connection.run_on_commit):  # once for a transaction
        transaction.on_commit(ring, using=using, robust=True)


def _row(event: Event) -> Outbox:
    state = context.current()
    envelope = envelopes.build(event, request_id=state.cause(event.subject) if state else "-")
    body = envelopes.to_json(envelope)
    envelopes.parse(body)  # whoever would refuse it is far away
    return Outbox(id=envelope.id, entity=envelope.entity, subject=event.subject, version=event.version, body=body)
