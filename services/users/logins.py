"""Who gets tokens: for an address and a password, or for a refresh token. Nothing is written, but a hash made anew.

So no request key is claimed, and there need be no primary (flotilla.requests.rerun, users.places.database_of).
"""

from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from flotilla.api import tokens
from users import attempts, passwords, selectors, services
from users.models import User
from users.places import email_normalise


class BadCredentials(Exception):
    """No account has this address and this password. Which of them is wrong is not told."""


class BadToken(Exception):
    """A refresh token that gets no new one; the message is the reason."""


class Tokens(NamedTuple):
    """`expires_in` is the access token's, in seconds."""

    access: str
    refresh: str
    expires_in: int


def user_login(*, email: str, password: str) -> Tokens:
    """Raises BadCredentials, attempts.TooMany, passwords.Busy. It takes as long when there is no such account."""
    email = email_normalise(email=email)
    user = selectors.user_by_email(email=email)
    attempts.attempt_begin(email=email)
    known = user.password if user else passwords.NOBODYS
    try:
        right = passwords.password_check(password=password, known=known, renew=partial(_renew, user))
    except passwords.Busy:
        attempts.attempt_undo(email=email)
        raise
    if user is None or not right:
        raise BadCredentials
    attempts.attempt_succeed(email=email)
    return _tokens(user)


def user_refresh(*, refresh: str) -> Tokens:
    """The next pair. Raises BadToken."""
    try:
        claims = tokens.verify(refresh, audience=tokens.REFRESH, keys=settings.FLOTILLA.token_keys)
    except tokens.Untrusted as reason:
        raise BadToken(f"The refresh token is not to be believed. {reason}") from None
    user = selectors.user_now(user_id=UUID(claims.user_id))
    if user is None or user.epoch != claims.epoch:
        raise BadToken("The refresh token has been ended: log in again.")
    return _tokens(user)


def _renew(user: User, hashed: str) -> None:
    services.password_renew(user_id=user.id, before=user.password, hashed=hashed)


def _tokens(user: User) -> Tokens:
    key, kid = tokens.signer(settings.FLOTILLA.token_key)
    sign = partial(tokens.sign, key, kid=kid, user_id=str(user.id), role=user.role)
    access = sign(audience=tokens.ACCESS, seconds=settings.ACCESS_SECONDS)
    refresh = sign(audience=tokens.REFRESH, seconds=settings.REFRESH_SECONDS, epoch=user.epoch)
    return Tokens(access, refresh, settings.ACCESS_SECONDS)
