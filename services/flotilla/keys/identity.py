"""Which request this is: its key, whose it is, and a fingerprint of what it asks. Django-free.

Invariants: the same request sent again has the same identity and fingerprint; two clients never share an identity,
so nobody can fetch another's stored answer by guessing a key; a stored fingerprint tells nobody without the service's
secret what was sent, not even whether a guess at it is right.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable, Mapping

FORM_FIELD = "request_key"
# What a form carries for its safety and not for its meaning.
UNCOUNTED_FIELDS = frozenset({"csrfmiddlewaretoken", FORM_FIELD})
SANE_KEY = re.compile(r"[\x21-\x7e]{8,200}")


class BadKey(ValueError):
    """The client sent an Idempotency-Key or request_key that cannot be one."""


def request_key(*, header: str, field: str, request_id: str) -> str:
    """The client's own key, else the form's, else the edge's request id, which stays when a proxy sends again."""
    for source, given in (("header", header), ("field", field)):
        if given and not SANE_KEY.fullmatch(given):
            raise BadKey("A request key has 8 to 200 printable characters.")
        if given:
            return f"{source}:{given}"
    return f"id:{request_id}"


def scope(*, authorization: str, cookies: Mapping[str, str], address: str, agent: str) -> str:
    """Whose request it is, by the strongest secret that it shows; without any, by address and browser."""
    secrets = (authorization, cookies.get("sessionid", ""), cookies.get("csrftoken", ""))
    for kind, secret in zip(("authorization", "session", "csrf"), secrets, strict=True):
        if secret:
            return f"{kind}\0{secret}"
    return f"address\0{address}\0{agent}"


def identity(scope: str, key: str) -> uuid.UUID:
    """128 bits of SHA-256 over both."""
    digest = hashlib.sha256(_apart([scope.encode("utf-8", "surrogateescape"), key.encode()])).digest()
    return uuid.UUID(bytes=digest[:16])


def fingerprint(secret: bytes, method: str, path: str, parts: Iterable[bytes]) -> bytes:
    """HMAC-SHA-256 of method, full path and the body's parts. A password may be among these: of a bare digest it is
    found by trying."""
    return hmac.digest(secret, _apart([method.encode(), path.encode("utf-8", "surrogateescape"), *parts]), "sha256")


def form_parts(fields: Iterable[tuple[str, list[str]]]) -> list[bytes]:
    """The meaning of a form: names and values, without the fields that differ by each sending."""
    return [
        part.encode("utf-8", "surrogateescape")
        for name, values in sorted(fields)
        if name not in UNCOUNTED_FIELDS
        for part in (name, str(len(values)), *values)
    ]


def _apart(parts: Iterable[bytes]) -> bytes:
    """Each part with its length in front, so that no two lists of parts look alike."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
