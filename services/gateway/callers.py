"""Who calls: outside by an access token of theirs, inside by what the gateway signs for one service."""

import time
from functools import lru_cache

from django.conf import settings

from flotilla.api import identity, tokens
from flotilla.api.tokens import Claims
from gateway.refusals import Refused
from gateway.routes import Who

KEPT_SECONDS = 15  # a signature is used again: it lasts a minute, and a write may be verified anew after 35 s
KEPT_AT_MOST = 4096


def caller_of(authorization: str, who: Who) -> Claims | None:
    """Whose token the header Authorization carries; None for nobody's. Raises Refused: 401, 403."""
    if who is Who.STRANGER:
        return None
    claims = _believed(authorization) if authorization else None
    if claims is None and who is not Who.ANYBODY:
        raise Refused(401, "This needs an access token: `Authorization: Bearer …`.", WWW_Authenticate="Bearer")
    if who is Who.STAFF and claims.role != "staff":
        raise Refused(403, "Only staff may do this.")
    return claims


def _believed(authorization: str) -> Claims:
    scheme, _, token = authorization.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise tokens.Untrusted("It is no Bearer token.")
        claims = _verified(token.strip(), settings.FLOTILLA.token_keys)
        if tokens.is_over(claims):
            raise tokens.Untrusted("Signature has expired.")
        return claims
    except tokens.Untrusted as reason:
        detail = f"The access token is not to be believed. {reason}"
        raise Refused(401, detail, WWW_Authenticate='Bearer error="invalid_token"') from None


@lru_cache(KEPT_AT_MOST)
def _verified(token: str, keys: str) -> Claims:
    """Of a token that is good: what is not raises, and is not kept."""
    return tokens.verify(token, audience=tokens.ACCESS, keys=keys)


def identity_for(caller: Claims, service: str) -> str:
    """What the service believes (X-Identity), signed within the last KEPT_SECONDS."""
    return _signed(caller.user_id, caller.role, service, int(time.monotonic() // KEPT_SECONDS))


@lru_cache(KEPT_AT_MOST)
def _signed(user_id: str, role: str, service: str, period: int) -> str:
    return identity.sign(settings.FLOTILLA.identity_key, audience=service, role=role, user_id=user_id)
