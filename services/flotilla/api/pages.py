"""Pages by cursor (keyset pagination): the hundredth costs what the first does, and nothing is shown twice or left out
because something was added meanwhile.

The cursor is the last row's place in the order, signed: what comes back is what was given out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ParseError

PAGE_SIZE = 24
NEWEST_FIRST = ("-created", "-id")


class BadCursor(ParseError):
    """400: a `page` that this list has not given out."""

    default_detail = "page is no cursor of this list: leave it out to begin at the first page."


@dataclass(frozen=True)
class Page[T: Model]:
    """`next` is the cursor of the page behind this one, None on the last."""

    items: list[T]
    next: str | None


def page[T: Model](
    rows: QuerySet[T], *, cursor: str = "", order: Sequence[str] = NEWEST_FIRST, size: int = PAGE_SIZE
) -> Page[T]:
    """The page behind the cursor; '' is the first. The order's last field must be unique. Raises BadCursor."""
    signer = Signer(salt=f"flotilla.api.pages:{rows.model._meta.label}:{','.join(order)}")
    if cursor:
        rows = rows.filter(_behind(order, _place(signer, cursor, rows.model, order)))
    found = list(rows.order_by(*order)[: size + 1])
    more = len(found) > size
    return Page(found[:size], _cursor(signer, found[size - 1], order) if more else None)


def _cursor(signer: Signer, row: Model, order: Sequence[str]) -> str:
    """Without a time in it: the same page has the same address, and a cache keeps one of it."""
    return signer.sign_object([row._meta.get_field(name.lstrip("-")).value_to_string(row) for name in order])


def _place(signer: Signer, cursor: str, model: type[Model], order: Sequence[str]) -> list[Any]:
    try:
        texts = signer.unsign_object(cursor)
    except BadSignature:
        raise BadCursor from None
    fields = [model._meta.get_field(name.lstrip("-")) for name in order]
    return [field.to_python(text) for field, text in zip(fields, texts, strict=True)]


def _behind(order: Sequence[str], place: Sequence[Any]) -> Q:
    """Lexicographically behind the place; bounded by the first field alone too, so that an index is entered there."""
    behind, same = Q(), Q()
    for name, value in zip(order, place, strict=True):
        field, beyond = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        behind |= same & Q(**{f"{field}__{beyond}": value})
        same &= Q(**{field: value})
    first, bound = order[0].lstrip("-"), "lte" if order[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": place[0]}) & behind
