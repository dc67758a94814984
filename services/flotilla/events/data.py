"""Frozen dataclasses to JSON data and back, strictly: every field, no other, each of its type. Django-free.

Knows str, int, bool, UUID, datetime (with its offset), dataclasses of those, and tuples of one of them.
"""

import re
import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

UNKEEPABLE = re.compile("[\0\ud800-\udfff]")  # what no text in Postgres can have: NUL, and half of a surrogate pair


class Mismatch(ValueError):
    """Data that is not what the class says; the message names the field."""


def encode(value: Any) -> Any:
    """What JSON can say: a dataclass becomes an object, a tuple a list, an id or a time its text."""
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def decode[T](cls: type[T], raw: Any, path: str = "data") -> T:
    """The instance that `raw` describes. Raises Mismatch."""
    if not isinstance(raw, dict):
        raise Mismatch(f"{path} is not an object")
    known = _types(cls)
    if raw.keys() != known.keys():
        raise Mismatch(_difference(path, missing=known.keys() - raw.keys(), unknown=raw.keys() - known.keys()))
    return cls(**{name: _decode(kind, raw[name], f"{path}.{name}") for name, kind in known.items()})


def _decode(kind: Any, raw: Any, path: str) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(raw, list):
            raise Mismatch(f"{path} is not a list")
        return tuple(_decode(get_args(kind)[0], item, f"{path}[{n}]") for n, item in enumerate(raw))
    if is_dataclass(kind):
        return decode(kind, raw, path)
    if kind in _PARSERS:
        return _parsed(kind, raw, path)
    if type(raw) is not kind:  # a bool is an int to isinstance
        raise Mismatch(f"{path} is not of type {kind.__name__}")
    if kind is str and UNKEEPABLE.search(raw):
        raise Mismatch(f"{path} has NUL or half of a surrogate pair, which no database takes")
    return raw


def _parsed(kind: type, raw: Any, path: str) -> Any:
    try:
        return _PARSERS[kind](raw)
    except (ValueError, TypeError, AttributeError):
        raise Mismatch(f"{path} is no {kind.__name__}") from None


def keepable(text: str) -> str:
    """The text without what no database takes: for reasons, which may quote anything."""
    return UNKEEPABLE.sub("", text)


def decode_time(raw: str) -> datetime:
    """RFC 3339. Raises ValueError when there is no offset."""
    time = datetime.fromisoformat(raw)
    if time.tzinfo is None:
        raise ValueError("no offset")
    return time


_PARSERS = types.MappingProxyType({UUID: UUID, datetime: decode_time})


@cache
def _types(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _difference(path: str, *, missing: set[str], unknown: set[str]) -> str:
    said = [
        f"{word} {', '.join(sorted(names))}" for word, names in (("lacks", missing), ("has unknown", unknown)) if names
    ]
    return f"{path} {' and '.join(said)}"
