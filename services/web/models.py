"""What the shop keeps. Every key is a UUIDv7: made anywhere, sorted by time, the same in every later store."""

from uuid import UUID

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from flotilla.uuid7 import uuid7

REVIEW_TEXT_MAX = 5_000
QUANTITY_MAX = 99
RATING_MAX = 5
NAME_MAX = 150  # Django's own for a first name


class Entity(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


class User(AbstractUser):
    """Staff, who log in here; and of each account of the users service a shadow, which reviews and carts refer to."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField()  # not unique: who owns the accounts sees to that

    class Meta(AbstractUser.Meta):
        abstract = False


class Category(Entity):
    """Known by its slug. Written by events of the products service, like its products."""

    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60, unique=True)
    tagline = models.CharField(max_length=160)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("category", args=[self.slug])


class ProductQuerySet(models.QuerySet):
    def sold(self):
        """What the shop has; the rest is kept for reviews and carts."""
        return self.filter(removed_at=None)


class Product(Entity):
    """What the products service last said of it, and what the shop itself counts: views and ratings."""

    slug = models.SlugField(max_length=120)  # not unique: of two, the newer product has it (selectors.product_get)
    name = models.CharField(max_length=120)
    description = models.TextField()
    motif = models.CharField(max_length=30, help_text="Which drawing shows it; see web/pictures.")
    price_cents = models.PositiveIntegerField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    featured = models.BooleanField(default=False)
    stock = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=0)  # of the last event; 0 before the first
    removed_at = models.DateTimeField(null=True, blank=True)
    view_count = models.PositiveBigIntegerField(default=0, editable=False)
    # Sum and count, not an average: two reviews at once then add up, in whatever order they commit.
    rating_sum = models.PositiveIntegerField(default=0, editable=False)
    rating_count = models.PositiveIntegerField(default=0, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        indexes = [
            models.Index(fields=["category", "-created"], name="product_newest"),
            models.Index(fields=["category", "price_cents"], name="product_price"),
            models.Index(fields=["category", "-view_count"], name="product_popular"),
            models.Index(fields=["-view_count", "id"], name="product_popular_overall"),
            models.Index(fields=["-created"], condition=Q(featured=True), name="product_featured"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("product", args=[self.slug])

    @property
    def rating(self) -> float | None:
        """The average, 1.0 to 5.0, or None before the first review."""
        return round(self.rating_sum / self.rating_count, 1) if self.rating_count else None


class Review(Entity):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(RATING_MAX)])
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=REVIEW_TEXT_MAX, validators=[MaxLengthValidator(REVIEW_TEXT_MAX)])
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created", "-id")
        constraints = [
            models.UniqueConstraint(fields=["product", "author"], name="review_once_per_author"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=RATING_MAX), name="review_rating_1_to_5"),
        ]
        indexes = [models.Index(fields=["product", "-created", "-id"], name="review_newest")]

    def __str__(self):
        return self.title


class Cart(Entity):
    """A guest's cart is known by the signed cookie that holds its id; an account has one cart."""

    owner = models.OneToOneField(User, on_delete=models.CASCADE, null=True, blank=True, related_name="cart")
    created = models.DateTimeField(default=timezone.now)
    order_key = models.UUIDField(null=True, editable=False)  # of its next order; before the first, its own id
    ordered_key = models.UUIDField(null=True, editable=False)  # of its last order, whose form may come twice ...
    ordered_id = models.UUIDField(null=True, editable=False)  # ... and that order

    def __str__(self):
        return f"Cart {self.pk}"

    @property
    def key(self) -> UUID:
        """Under which its content is ordered: sent twice, it is one order."""
        return self.order_key or self.pk


class CartItem(Entity):
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(QUANTITY_MAX)])

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["cart", "product"], name="cart_item_once_per_product"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=QUANTITY_MAX), name="cart_item_quantity_1_to_99"
            ),
        ]

    def __str__(self):
        return f"{self.quantity} of {self.product_id}"

    @property
    def total_cents(self) -> int:
        """What is no longer sold costs nothing."""
        return 0 if self.product.removed_at else self.quantity * self.product.price_cents
