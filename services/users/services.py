"""What changes accounts. Arguments are named; refusals are exceptions.

What is written is one transaction in one shard: an account is made in the bucket of its address, so that its claim is
beside it.
"""

import logging
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import Error, IntegrityError, transaction

from flotilla.bus.publishing import publish
from flotilla.db import errors
from flotilla.events.contracts import UserDeleted, UserRegistered
from flotilla.sharding import buckets, shards
from users import passwords
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


def user_register(*, email: str, name: str, password: str, role: Role = Role.CUSTOMER) -> User:
    """A new account. Raises EmailTaken, PasswordWeak, passwords.Busy."""
    email = email_normalise(email=email)
    user = User(id=buckets.new_id(email_bucket(email=email)), email=email, name=name, role=role)
    _password_validate(password, user)
    if _is_taken(email):  # before the work of a hash
        raise EmailTaken(email)
    user.password = passwords.password_hash(password=password)
    _user_create(user)
    return user


def _password_validate(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordWeak(error.messages) from None


def _is_taken(email: str) -> bool:
    claims = EmailClaim.objects.using(shards.primary(email_bucket(email=email)))
    return claims.filter(email=email).exists()


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


def password_renew(*, user_id: UUID, before: str, hashed: str) -> None:
    """The same password, hashed anew. Another login will do when there is no primary for it."""
    users = User.objects.using(shards.primary(buckets.of_id(user_id))).filter(id=user_id, password=before)
    try:
        users.update(password=hashed)
    except Error as error:
        logger.warning("a password keeps its old hash: %s", errors.in_short(error))


def staff_ensure(*, email: str, name: str, password: str) -> bool:
    """A staff account of that address and password; whether anything had to be done.

    One that was there with another password, or none of staff, loses its tokens. Raises PasswordWeak, passwords.Busy.
    """
    shard = shards.primary(email_bucket(email=email))
    claim = EmailClaim.objects.using(shard).filter(email=email_normalise(email=email)).first()
    if claim is None:
        user_register(email=email, name=name, password=password, role=Role.STAFF)
        return True
    user = User.objects.using(shard).get(id=claim.user_id)
    if user.role == Role.STAFF and passwords.password_check(password=password, known=user.password):
        return False
    user.role, user.epoch = Role.STAFF, user.epoch + 1
    user.password = passwords.password_hash(password=password)
    user.save(using=shard, update_fields=["role", "epoch", "password"])
    return True
