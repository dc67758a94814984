"""The visitor's tokens: the one for new tokens is in the session, the one of the moment in the sessions' cache.

So a page writes no session when a token has run out, and neither is ever in a cookie or a page. Without Redis each
call asks for a token first.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest

from web import gateway
from web.calls import Away, LoginNeeded
from web.gateway import Tokens

REFRESH = "refresh"  # in the session
FRESH = 2 / 3  # of a token's time; a users service that is away for less than the rest is not noticed


def tokens_keep(request: HttpRequest, tokens: Tokens) -> None:
    """From now on this session speaks for the account."""
    request.session[REFRESH] = tokens.refresh
    _remember(tokens.refresh, tokens)


def ask[T](request: HttpRequest, question: Callable[..., T], **arguments: Any) -> T:
    """The question with the visitor's token; with a new one when this one is not believed. Raises LoginNeeded."""
    refresh = request.session.get(REFRESH)
    if not refresh:
        raise LoginNeeded("This session has no account of the shop.")
    access = _access(refresh)
    try:
        return question(access=access, **arguments)
    except LoginNeeded:
        return question(access=_renewed(refresh), **arguments)


def _access(refresh: str) -> str:
    """The kept one for as long as it is good, when there is no newer one to be had."""
    kept = caches["sessions"].get(_name(refresh)) or {"access": "", "fresh": 0, "good": 0}
    if kept["fresh"] > time.time():
        return kept["access"]
    try:
        return _renewed(refresh)
    except Away:
        if kept["good"] <= time.time():
            raise
        return kept["access"]


def _renewed(refresh: str) -> str:
    tokens = gateway.token_refresh(refresh=refresh)
    _remember(refresh, tokens)
    return tokens.access


def _remember(refresh: str, tokens: Tokens) -> None:
    now, seconds = time.time(), tokens.expires_in
    kept = {"access": tokens.access, "fresh": now + seconds * FRESH, "good": now + seconds}
    caches["sessions"].set(_name(refresh), kept, seconds)


def _name(refresh: str) -> str:
    """Whoever reads the names in Redis learns no token."""
    return f"access:{hashlib.sha256(refresh.encode()).hexdigest()}"
