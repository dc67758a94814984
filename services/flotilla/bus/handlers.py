"""What a service does about an event: functions registered with `@on(EventClass)` in its `tasks` module.

A handler is called inside the transaction that records the event as done, at most once with effect, in a version order
that never goes back. It does database work only: a call to somebody else would not be rolled back with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from flotilla.events.contracts import Event
from flotilla.events.routes import consumed_by

type Handle = Callable[[Any], None]
type Choose = Callable[[Any], str]
type Prepare = Callable[[list[Any]], None]


@dataclass(frozen=True, eq=False)
class Handler:
    handle: Handle
    alias_of: Choose  # the database that the effect belongs to, where a service has several
    before: Prepare | None = None  # what a transaction begins with, once for all its events of this handler
    together: bool = False  # called with a list of events


_handlers: dict[tuple[str, str], Handler] = {}


def on(
    *classes: type[Event],
    consumer: str = "",
    alias_of: Choose = lambda event: "default",
    before: Prepare | None = None,
    together: bool = False,
) -> Callable[[Handle], Handle]:
    """Register the one handler of these events; `consumer` is this service.

    Rows that events of different entities share (the category of products) are written by `before`: it gets the events
    of the transaction before any of them has locked anything, also those that turn out to be stale or known.

    `together`: the handler gets a list of events, no two of one entity, so that one statement can do for all. What it
    publishes of a subject that one of them has is said for that one's request; the rest is the bus's own.
    """

    def register(handle: Handle) -> Handle:
        handler = Handler(handle, alias_of, before, together)
        for cls in classes:
            key = consumer or settings.FLOTILLA.service, cls.TYPE
            if key in _handlers:
                raise ValueError(f"{key[0]} has two handlers for {key[1]}: let one call the other.")
            _handlers[key] = handler
        return handle

    return register


def find(consumer: str, type: str) -> Handler | None:
    return _handlers.get((consumer, type))


def consumers() -> set[str]:
    """Whose handlers are in this process."""
    return {consumer for consumer, _ in _handlers}


def missing(consumer: str) -> list[str]:
    """Types that are sent to the consumer and that it has no handler for."""
    return [cls.TYPE for cls in consumed_by(consumer) if (consumer, cls.TYPE) not in _handlers]
