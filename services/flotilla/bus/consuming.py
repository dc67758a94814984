"""What a consumer does with a message of events: each is applied once, or kept for later, or given up; never lost.

An event is `taken` when one of these is committed, and only then may its publisher be told. What is not taken, because
there was no database, comes again.
"""

import logging
import traceback
from collections import defaultdict
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any
from uuid import UUID

from flotilla.bus import databases, dead, handlers, inbox, metrics
from flotilla.bus.databases import DatabaseAway
from flotilla.bus.handlers import Handler
from flotilla.events.data import keepable
from flotilla.events.envelope import Envelope, Malformed, known_id, parse
from flotilla.events.routes import source_of

logger = logging.getLogger(__name__)

FRAMES = 6  # the innermost ones

type Taken = dict[str, list[UUID]]
type Known = tuple[Envelope, Handler]


def receive(bodies: Any, consumer: str) -> Taken:
    """The ids that the consumer has now, by the service that published them. What is no list counts as one body."""
    taken: Taken = defaultdict(list)
    groups: dict[str, list[Known]] = defaultdict(list)
    for body in bodies if isinstance(bodies, list) else [bodies]:
        try:
            envelope, handler = read(body, consumer)
        except Malformed as reason:
            _give_up(body, consumer, str(reason), taken)
        else:
            groups[handler.alias_of(envelope.event)].append((envelope, handler))
    for alias, group in groups.items():
        for envelope in _take(alias, group, consumer):
            taken[envelope.source].append(envelope.id)
    return taken


def read(body: Any, consumer: str) -> Known:
    """The event and who handles it. Raises Malformed, also for one that is nobody's business here."""
    envelope = parse(body)
    handler = handlers.find(consumer, envelope.type)
    if handler is None:
        raise Malformed(f"{consumer} has no handler for {envelope.type}")
    return envelope, handler


def prepare(group: list[Known]) -> None:
    """At the beginning of a transaction: what its handlers want done before one of its events locks anything."""
    for before in dict.fromkeys(handler.before for _, handler in group):
        if before is not None:
            before([envelope.event for envelope, handler in group if handler.before is before])


def apply(alias: str, group: list[Known], consumer: str) -> list[str]:
    """Inside a transaction that has claimed these events, of which no two are of one entity: hand those to their
    handlers that no newer one has overtaken. The results.
    """
    newest = {envelope.id for envelope in inbox.advance(alias, [envelope for envelope, _ in group], consumer)}
    of_handler: dict[Handler, list[Envelope]] = defaultdict(list)
    # In the order of entities, as who changes the same rows for another reason has it.
    for envelope, handler in sorted(group, key=lambda known: known[0].event.subject):
        if envelope.id in newest:
            of_handler[handler].append(envelope)
    for handler, envelopes in of_handler.items():
        _call(handler, envelopes)
    return ["applied"] * len(newest) + ["stale"] * (len(group) - len(newest))


def summary(error: Exception) -> str:
    """The end of the traceback, for whoever reads a dead letter; what it quotes, no database need take."""
    return keepable("".join(traceback.format_exception(error, limit=-FRAMES)))[-4000:]


def _take(alias: str, group: list[Known], consumer: str) -> Iterable[Envelope]:
    """All in one transaction, which spares a commit for each; when one of them fails, each in its own."""
    if len(group) > 1:
        try:
            results = databases.run(alias, lambda: _all(alias, group, consumer))
        except DatabaseAway as error:
            return _leave(group, error)
        except Exception as error:
            logger.info("events of one message are taken one by one: %s", error)
        else:
            _count(results)
            return [envelope for envelope, _ in group]
    return [envelope for envelope, handler in group if _take_one(alias, envelope, handler, consumer)]


def _call(handler: Handler, envelopes: list[Envelope]) -> None:
    if handler.together:
        requests = {envelope.event.subject: envelope.request_id for envelope in envelopes}
        ids = set(requests.values())
        with (
            databases.working(ids.pop() if len(ids) == 1 else "bus", requests),
            metrics.HANDLER_SECONDS.labels(envelopes[0].type).time(),
        ):
            handler.handle([envelope.event for envelope in envelopes])
        return
    for envelope in envelopes:
        with databases.working(envelope.request_id), metrics.HANDLER_SECONDS.labels(envelope.type).time():
            handler.handle(envelope.event)


def _all(alias: str, group: list[Known], consumer: str) -> list[str]:
    """Inside a transaction. It locks the shared rows of `prepare`, then ids, then entities, each in one order that all
    have, and only then what handlers change: two of them wait for each other in no circle."""
    prepare(group)
    fresh = inbox.claim(alias, {envelope.id for envelope, _ in group}, consumer)
    results = ["duplicate"] * (len(group) - len(fresh))
    for turn in _turns({envelope.id: (envelope, handler) for envelope, handler in group if envelope.id in fresh}):
        results += apply(alias, turn, consumer)
    return results


def _turns(fresh: dict[UUID, Known]) -> Iterable[list[Known]]:
    """The first events of their entities, then the second ones ..."""
    of_entity: dict[str, list[Known]] = defaultdict(list)
    for known in fresh.values():
        of_entity[known[0].event.subject].append(known)
    for turn in zip_longest(*of_entity.values()):
        yield [known for known in turn if known is not None]


def _take_one(alias: str, envelope: Envelope, handler: Handler, consumer: str) -> bool:
    try:
        try:
            group = [(envelope, handler)]
            [result] = databases.run(alias, lambda: _all(alias, group, consumer), envelope.request_id)
        except DatabaseAway:
            raise
        except Exception as error:
            reason = summary(error)
            databases.run(alias, lambda: inbox.keep(alias, envelope, consumer, reason), envelope.request_id)
            logger.warning("the handler of %s failed and is tried again", envelope.type, exc_info=True)
            result = "failed"
    except DatabaseAway as error:
        _leave([(envelope, handler)], error)
        return False
    _count([result])
    return True


def _give_up(body: Any, consumer: str, reason: str, taken: Taken) -> None:
    """Nothing that comes again can help: to the dead letters, and on."""
    try:
        databases.run("default", lambda: dead.bury("default", body, consumer, reason, attempts=1))
    except DatabaseAway as error:
        logger.warning("a malformed event is left to come again: %s", error)
        return
    logger.error("malformed event: %s", reason)
    metrics.DEAD.labels("malformed").inc()
    _count(["malformed"])
    id, source = known_id(body), source_of(dead.type_of(body))
    if id is not None and source:
        taken[source].append(id)


def _leave(group: list[Known], error: DatabaseAway) -> list[Envelope]:
    logger.warning("%d events are left to come again: %s", len(group), error)
    return []


def _count(results: Iterable[str]) -> None:
    for result in results:
        metrics.EVENTS.labels(result).inc()
