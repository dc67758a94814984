"""The catalogue, and what of the stock is taken by which order."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from flotilla.uuid7 import uuid7

ON_SALE = Q(removed_at=None)


class Category(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=60, unique=True)
    tagline = models.CharField(max_length=160)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name


class Product(models.Model):
    """`version` rises with each change that is told. A removed one stays as a row: orders and its slug refer to it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField()
    motif = models.CharField(max_length=30)
    price_cents = models.PositiveIntegerField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products", db_index=False)
    featured = models.BooleanField(default=False)
    stock = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=1)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        # The orders that pages are in, see selectors.
        indexes = [
            models.Index(fields=["-created", "-id"], condition=ON_SALE, name="product_newest"),
            models.Index(fields=["category", "-created", "-id"], condition=ON_SALE, name="product_of_category"),
            models.Index(fields=["-created", "-id"], condition=ON_SALE & Q(featured=True), name="product_featured"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(stock__gte=0), name="product_stock_never_below_zero"),
            models.CheckConstraint(condition=Q(price_cents__gt=0), name="product_costs_something"),
        ]

    def __str__(self):
        return self.name


class Reservation(models.Model):
    """What became of one order's wish for stock. `version` counts the answers that the order was given."""

    class State(models.TextChoices):
        RESERVED = "reserved"
        REJECTED = "rejected"
        RELEASED = "released"  # given back; or never reserved, and never to be

    order_id = models.UUIDField(primary_key=True, editable=False)
    state = models.CharField(max_length=10, choices=State)
    version = models.PositiveIntegerField(default=1)
    reason = models.TextField(default="")
    created = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.state} for {self.order_id}"


class ReservationLine(models.Model):
    reservation = models.ForeignKey(Reservation, on_delete=models.CASCADE, related_name="lines", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reservation", "product"], name="reservation_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_line_takes_something"),
        ]

    def __str__(self):
        return f"{self.quantity} of {self.product_id}"
