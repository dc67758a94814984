"""An event on its way: CloudEvents 1.0 attributes around the contract's data. Built and parsed strictly. Django-free.

Attributes that are not known are ignored, as CloudEvents asks; `data` has exactly the fields of the class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flotilla.events import data
from flotilla.events.contracts import Event
from flotilla.events.routes import TYPES
from flotilla.uuid7 import uuid7

TEXTS = ("specversion", "id", "source", "type", "subject", "time", "requestid")


class Malformed(ValueError):
    """A body that is no event this code knows; the message is the reason."""


@dataclass(frozen=True)
class Envelope:
    """One event with what is known of its sending."""

    id: UUID
    time: datetime
    request_id: str
    event: Event

    @property
    def type(self) -> str:
        return self.event.TYPE

    @property
    def source(self) -> str:
        """The service that published it."""
        return self.type.partition(".")[0]

    @property
    def entity(self) -> str:
        """`<service>.<entity>`: what the version counts for, together with the subject."""
        return ".".join(self.type.split(".")[:2])


def build(event: Event, *, request_id: str) -> Envelope:
    """A new envelope with an id and the time of now."""
    return Envelope(id=uuid7(), time=datetime.now(UTC), request_id=request_id, event=event)


def to_json(envelope: Envelope) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.event.subject,
        "time": envelope.time.isoformat(),
        "datacontenttype": "application/json",
        "requestid": envelope.request_id,
        "data": data.encode(envelope.event),
    }


def parse(body: Any) -> Envelope:
    """The envelope that a body describes. Raises Malformed."""
    attributes = _attributes(body)
    cls = TYPES.get(attributes["type"])
    if cls is None:
        raise Malformed(f"type {attributes['type']!r} is not known here")
    try:
        event = data.decode(cls, body.get("data"))
    except data.Mismatch as mismatch:
        raise Malformed(str(mismatch)) from None
    if event.version < 1:
        raise Malformed("data.version is below 1")
    envelope = Envelope(_id(attributes["id"]), _time(attributes["time"]), attributes["requestid"], event)
    if (attributes["source"], attributes["subject"]) != (envelope.source, event.subject):
        raise Malformed("source or subject is not the one that type and data give")
    return envelope


def known_id(body: Any) -> UUID | None:
    """The id of a body, however malformed the rest is."""
    try:
        return _id(body["id"])
    except (Malformed, TypeError, KeyError):
        return None


def _attributes(body: Any) -> dict[str, str]:
    if not isinstance(body, Mapping):
        raise Malformed("the body is not an object")
    wrong = [name for name in TEXTS if not _is_text(body.get(name))]
    if wrong:
        raise Malformed(f"{', '.join(wrong)}: missing, or not a text that a database takes")
    if body["specversion"] != "1.0":
        raise Malformed(f"specversion {body['specversion']!r} is not 1.0")
    return {name: body[name] for name in TEXTS}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not data.UNKEEPABLE.search(value)


def _id(text: str) -> UUID:
    """Version 7: its time is what old rows are found by."""
    try:
        found = UUID(text)
    except (ValueError, AttributeError, TypeError):
        raise Malformed("id is no UUID") from None
    if found.version != 7:
        raise Malformed("id is no UUID of version 7")
    return found


def _time(text: str) -> datetime:
    try:
        return data.decode_time(text)
    except ValueError:
        raise Malformed("time is none, or has no offset") from None
