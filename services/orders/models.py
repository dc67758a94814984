"""What the service keeps: orders as they were placed, and of products and users only what placing one needs."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from flotilla.uuid7 import uuid7

QUANTITY_MAX = 99
LINES_MAX = 50


class Status(models.TextChoices):
    PENDING = "pending"  # waits for the answer about its stock
    CONFIRMED = "confirmed"  # has its stock
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"  # of a user who is gone


# What may become of an order. A pending one may come to hold stock: so it is cancelled before it is archived.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.CONFIRMED, Status.REJECTED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.CANCELLED, Status.ARCHIVED}),
    Status.REJECTED: frozenset({Status.ARCHIVED}),
    Status.CANCELLED: frozenset({Status.ARCHIVED}),
    Status.ARCHIVED: frozenset(),
}


class Product(models.Model):
    """A product as its latest event tells it. A removed one is kept: who orders it must not be told that it is new."""

    id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=120)
    price_cents = models.PositiveIntegerField()
    removed = models.BooleanField(default=False)

    def __str__(self):
        return self.name


class DeletedUser(models.Model):
    """Whoever has deleted the account places no order any more."""

    id = models.UUIDField(primary_key=True, editable=False)
    deleted = models.DateTimeField(default=timezone.now)
    settled = models.BooleanField(db_default=False)  # no order of theirs is left to archive, nor on its way

    class Meta:
        indexes = [models.Index(fields=["deleted"], condition=Q(settled=False), name="deleted_user_unsettled")]

    def __str__(self):
        return str(self.id)


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user_id = models.UUIDField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    total_cents = models.PositiveBigIntegerField()
    sold = models.BooleanField(default=False)  # it was confirmed, and not cancelled since: its stock stays taken
    reason = models.TextField(blank=True, default="")  # for people: why it is what it is, where that needs one
    version = models.PositiveIntegerField(default=1)  # rises with each transition, as the events' does
    created = models.DateTimeField(default=timezone.now)
    answer_by = models.DateTimeField()  # without an answer about its stock by then, it is rejected

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="order_status_known"),
            models.CheckConstraint(
                condition=Q(sold=True, status__in=["confirmed", "archived"]) | Q(sold=False) & ~Q(status="confirmed"),
                name="order_confirmed_is_sold",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="order_version_from_1"),
        ]
        indexes = [
            models.Index(fields=["user_id", "-id"], name="order_newest_of_user"),
            models.Index(fields=["answer_by"], condition=Q(status="pending"), name="order_unanswered"),
        ]

    def __str__(self):
        return f"Order {self.pk}"


class OrderLine(models.Model):
    """Name and price are those of the moment of ordering."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_index=False)
    product_id = models.UUIDField()
    name = models.CharField(max_length=120)
    price_cents = models.PositiveIntegerField()
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["order", "product_id"], name="order_line_once_per_product"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=QUANTITY_MAX), name="order_line_quantity_1_to_99"
            ),
        ]

    def __str__(self):
        return f"{self.quantity} of {self.name}"
