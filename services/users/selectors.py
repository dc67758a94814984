"""What is read of accounts. Each query names its shard, by the id or by the address."""

from uuid import UUID

from flotilla.sharding import buckets, shards
from users.models import EmailClaim, User
from users.places import email_bucket, email_normalise


def user_get(*, user_id: UUID) -> User:
    """As this request may read it. Raises User.DoesNotExist."""
    return User.objects.using(shards.reader(buckets.of_id(user_id))).get(id=user_id)


def user_now(*, user_id: UUID) -> User | None:
    """As it is at this moment, while there is a primary to tell."""
    return User.objects.using(shards.reader(buckets.of_id(user_id), prefer_primary=True)).filter(id=user_id).first()


def user_by_email(*, email: str) -> User | None:
    """As it is at this moment. Two queries, whether or not there is one: the time it takes tells nobody."""
    bucket = email_bucket(email=email)
    claims = EmailClaim.objects.using(shards.reader(bucket, prefer_primary=True))
    claim = claims.filter(email=email_normalise(email=email)).first()
    return user_now(user_id=claim.user_id if claim else buckets.new_id(bucket))
