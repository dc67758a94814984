"""What the service keeps of people: as little as logging in and being told apart takes. All of it is sharded.

A row's database follows from its key, see users.places: no query without `using()` (flotilla.sharding.router).
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone

NAME_MAX = 120
EMAIL_MAX = 254
PASSWORD_MAX = 256


class Role(models.TextChoices):
    CUSTOMER = "customer"
    STAFF = "staff"


class User(models.Model):
    """An account. In the bucket of its id, which is the bucket of the address that it was made with."""

    id = models.UUIDField(primary_key=True, editable=False)
    email = models.CharField(max_length=EMAIL_MAX)  # unique by its EmailClaim, which may be in another shard one day
    name = models.CharField(max_length=NAME_MAX)
    password = models.CharField(max_length=128)  # a hash, as Django writes it
    role = models.CharField(max_length=8, choices=Role, default=Role.CUSTOMER)
    epoch = models.PositiveIntegerField(default=1)  # raised to end every refresh token given out before
    version = models.PositiveIntegerField(default=1)  # rises with each event
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known")]

    def __str__(self):
        return str(self.id)  # never the name or the address: texts of objects end up in logs


class EmailClaim(models.Model):
    """Whose an address is. In the bucket of the address: the one place to look whether it is taken."""

    email = models.CharField(max_length=EMAIL_MAX, primary_key=True)
    user_id = models.UUIDField()

    def __str__(self):
        return str(self.user_id)
