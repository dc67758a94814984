"""What to believe of a request's headers. Pure; `meta` is a WSGI environment."""

import re
import time
from collections.abc import Mapping

from flotilla.uuid7 import uuid7

SANE_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def request_id(meta: Mapping[str, str]) -> str:
    """The edge's id, which stays the same when a proxy sends again; one of our own when it is missing or odd."""
    given = meta.get("HTTP_X_REQUEST_ID", "")
    return given if SANE_ID.fullmatch(given) else uuid7().hex


def client_request_id(meta: Mapping[str, str]) -> str:
    """What the client called it, for the log only; empty when missing or odd."""
    given = meta.get("HTTP_X_CLIENT_REQUEST_ID", "")
    return given if SANE_ID.fullmatch(given) else ""


def deadline(meta: Mapping[str, str], *, limit: float, trusted: bool) -> float:
    """Seconds this request may take: what is left of X-Deadline (Unix seconds) from a trusted hop, at most `limit`."""
    if not trusted:
        return limit
    try:
        left = float(meta.get("HTTP_X_DEADLINE", "")) - time.time()
    except ValueError:
        return limit
    return max(0.0, min(limit, left)) if left == left else limit


def is_safe(method: str) -> bool:
    """Safe by RFC 9110 9.2.1: may be run again without asking."""
    return method in SAFE_METHODS
