"""Events, handlers and a pretended broker for the tests of the bus."""

from datetime import UTC, datetime

from django.db import transaction

from flotilla.bus import handlers
from flotilla.bus.publishing import publish
from flotilla.bus.remote import BrokerAway
from flotilla.events import contracts as c
from flotilla.events import envelope
from flotilla.uuid7 import uuid7

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def order(cls=c.OrderPlaced, *, version=1, id=None):
    return cls(
        version=version, order_id=id or uuid7(), user_id=uuid7(), lines=(), total_cents=1, created=NOW, reason=""
    )


def told(*events):
    """Published, each in its transaction."""
    for event in events:
        with transaction.atomic():
            publish(event)


def body(event, request_id="r-1"):
    return envelope.to_json(envelope.build(event, request_id=request_id))


class Seen(list):
    """A handler that remembers its events, and fails as long as it has errors to raise."""

    def __init__(self):
        self.errors = []

    def __call__(self, event):
        self.append(event)
        if self.errors:
            raise self.errors.pop(0)


def handled(consumer, *classes):
    """Everything that the consumer is sent goes into one list."""
    seen = Seen()
    handlers.on(*classes or handlers.consumed_by(consumer), consumer=consumer)(seen)
    return seen


class FakeBroker:
    """Keeps messages by queue; `error` is raised by everything."""

    def __init__(self):
        self.name, self.error, self.closed = "broker 1", None, 0
        self.messages, self.confirmed, self.pings, self.waited = [], [], [], []
        self.lengths, self.oldest_by = {}, {}
        self.error_after = None  # messages that still go out

    def _check(self):
        if self.error:
            raise self.error

    def identity(self):
        self._check()
        return self.name

    def length(self, queue):
        self._check()
        return self.lengths.get(queue, 0)

    def oldest(self, queue):
        self._check()
        return self.oldest_by.get(queue)

    def publish(self, queue, bodies, published):
        self._check()
        if self.error_after is not None:
            self.error_after -= 1
            if self.error_after < 0:
                raise BrokerAway("gone")
        self.messages.append((queue, bodies, published))

    def confirm(self, queue, ids, consumer):
        self._check()
        self.confirmed.append((queue, ids, consumer))

    def ping(self, queue):
        self._check()
        self.pings.append(queue)

    def wait(self, seconds):
        self._check()
        self.waited.append(seconds)

    def close(self):
        self.closed += 1

    def subjects(self, queue):
        return [sent["subject"] for name, bodies, _ in self.messages if name == queue for sent in bodies]
