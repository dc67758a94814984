"""What changes accounts, and who gets tokens. Arguments are named; refusals are exceptions.

What is written is one transaction in one shard: an account is made in the bucket of its address, so that its claim is
beside it.
"""

import logging
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import Error, IntegrityError, transaction

from flotilla.api import tokens
from flotilla.bus.publishing import publish
from flotilla.db import errors
from flotilla.events.contracts import UserDeleted, UserRegistered
from flotilla.sharding import buckets, shards
from users import attempts, passwords, selectors
from users.models import EmailClaim, Role, User
from users.places import email_bucket, email_normalise

logger = logging.getLogger(__name__)


class EmailTaken(Exception):
    """Somebody has registered with this address."""


class PasswordWeak(Exception):
    """`reasons` are sentences for people."""

    def __init__(self, reasons: list[str]):
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class BadCredentials(Exception):
    """No account has this address and this password. Which of them is wrong is not told."""


class BadToken(Exception):
    """A refresh token that gets no new one; the message is the reason."""


class Tokens(NamedTuple):
    """`expires_in` is the access token's, in seconds."""

    access: str
    refresh: str
    expires_in: int


# -- Accounts ----------------------------------------------------------------------------------------------------------


def user_register(*, email: str, name: str, password: str, role: Role = Role.CUSTOMER) -> User:
    """A new account. Raises EmailTaken, PasswordWeak, passwords.Busy."""
    email = email_normalise(email=email)
    user = User(id=buckets.new_id(email_bucket(email=email)), email=email, name=name, role=role)
    _password_validate(password, user)
    if selectors.email_is_taken(email=email):  # before the work of a hash
        raise EmailTaken(email)
    user.password = passwords.password_hash(password=password)
    _user_create(user)
    return user


def _password_validate(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordWeak(error.messages) from None


def _user_create(user: User) -> None:
    """Claim, account and event. Raises EmailTaken."""
    shard = shards.primary(buckets.of_id(user.id))
    with transaction.atomic(using=shard):
        try:
            with transaction.atomic(using=shard):
                EmailClaim(email=user.email, user_id=user.id).save(using=shard, force_insert=True)
        except IntegrityError:
            raise EmailTaken(user.email) from None
        user.save(using=shard, force_insert=True)
        publish(UserRegistered(version=1, user_id=user.id, email=user.email, name=user.name), using=shard)


def user_delete(*, user_id: UUID) -> None:
    """Forget the account, and free its address. Raises User.DoesNotExist."""
    shard = shards.primary(buckets.of_id(user_id))
    with transaction.atomic(using=shard):
        user = User.objects.using(shard).select_for_update().get(id=user_id)
        # Beside the account, as long as an address cannot be changed.
        EmailClaim.objects.using(shard).filter(email=user.email, user_id=user.id).delete()
        user.delete(using=shard)
        publish(UserDeleted(version=user.version + 1, user_id=user_id), using=shard)


def staff_ensure(*, email: str, name: str, password: str) -> bool:
    """A staff account of that address and password; whether anything had to be done. An old password ends all tokens.

    Raises PasswordWeak, passwords.Busy.
    """
    user = selectors.user_by_email(email=email)
    if user is None:
        user_register(email=email, name=name, password=password, role=Role.STAFF)
        return True
    same = passwords.password_check(password=password, known=user.password, renew=partial(_password_renew, user))
    if same and user.role == Role.STAFF:
        return False
    user.role, user.epoch = Role.STAFF, user.epoch + 1
    user.password = passwords.password_hash(password=password)
    user.save(using=shards.primary(buckets.of_id(user.id)), update_fields=["role", "epoch", "password"])
    return True


# -- Tokens ------------------------------------------------------------------------------------------------------------


def user_login(*, email: str, password: str) -> Tokens:
    """Raises BadCredentials, attempts.TooMany, passwords.Busy. It takes as long when there is no such account."""
    email = email_normalise(email=email)
    user = selectors.user_by_email(email=email)
    attempts.attempt_begin(email=email)
    known = user.password if user else passwords.NOBODYS
    try:
        right = passwords.password_check(password=password, known=known, renew=partial(_password_renew, user))
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


def _tokens(user: User) -> Tokens:
    key, kid = tokens.signer(settings.FLOTILLA.token_key)
    sign = partial(tokens.sign, key, kid=kid, user_id=str(user.id), role=user.role)
    access = sign(audience=tokens.ACCESS, seconds=settings.ACCESS_SECONDS)
    refresh = sign(audience=tokens.REFRESH, seconds=settings.REFRESH_SECONDS, epoch=user.epoch)
    return Tokens(access, refresh, settings.ACCESS_SECONDS)


def _password_renew(user: User, hashed: str) -> None:
    """Django would hash it otherwise by now. Another login will do when there is no primary for it."""
    users = User.objects.using(shards.primary(buckets.of_id(user.id))).filter(id=user.id, password=user.password)
    try:
        users.update(password=hashed)
    except Error as error:
        logger.warning("a password keeps its old hash: %s", errors.in_short(error))
