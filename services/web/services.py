"""What changes the shop's data. Each function is one transaction; arguments are named; refusals are exceptions."""

from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Least

from flotilla.counters import Counter
from web.models import QUANTITY_MAX, Cart, CartItem, Product, Review, User

product_views = Counter("product_views")


class AlreadyReviewed(Exception):
    """This author has already reviewed this product."""


class NameTaken(Exception):
    """Another account got this name or address first."""


class InvalidQuantity(ValueError):
    """A cart holds 0 (take it out) to 99 of a product."""


def user_register(*, username: str, email: str, password: str) -> User:
    """Open an account. Raises NameTaken."""
    try:
        with transaction.atomic():
            return User.objects.create_user(username, email, password)
    except IntegrityError as error:
        raise NameTaken from error


@transaction.atomic
def review_create(*, product: Product, author: User, rating: int, title: str, text: str) -> Review:
    """Store a review and its share of the product's rating. Raises AlreadyReviewed."""
    try:
        with transaction.atomic():
            review = Review.objects.create(product=product, author=author, rating=rating, title=title, text=text)
    except IntegrityError as error:
        if not Review.objects.filter(product=product, author=author).exists():
            raise
        raise AlreadyReviewed from error
    Product.objects.filter(pk=product.pk).update(
        rating_sum=F("rating_sum") + rating, rating_count=F("rating_count") + 1
    )
    return review


@transaction.atomic
def review_delete(*, review: Review) -> None:
    """Take a review back, and its share of the product's rating."""
    deleted, _ = Review.objects.filter(pk=review.pk).delete()
    if deleted:
        Product.objects.filter(pk=review.product_id).update(
            rating_sum=F("rating_sum") - review.rating, rating_count=F("rating_count") - 1
        )


def cart_create() -> Cart:
    """A guest's cart, as yet empty."""
    return Cart.objects.create()


def cart_for_owner(*, owner: User) -> Cart:
    """The account's one cart, made on first use."""
    return Cart.objects.get_or_create(owner=owner)[0]


@transaction.atomic
def cart_item_add(*, cart: Cart, product: Product, quantity: int) -> CartItem:
    """Put so many more of the product into the cart; 99 is the most it holds."""
    if not 1 <= quantity <= QUANTITY_MAX:
        raise InvalidQuantity(quantity)
    item, created = CartItem.objects.get_or_create(cart=cart, product=product, defaults={"quantity": quantity})
    if not created:
        CartItem.objects.filter(pk=item.pk).update(quantity=Least(F("quantity") + quantity, QUANTITY_MAX))
    return item


@transaction.atomic
def cart_item_set(*, cart: Cart, product: Product, quantity: int) -> None:
    """Make the cart hold exactly so many of the product; 0 takes it out."""
    if not 0 <= quantity <= QUANTITY_MAX:
        raise InvalidQuantity(quantity)
    if quantity == 0:
        CartItem.objects.filter(cart=cart, product=product).delete()
    else:
        CartItem.objects.update_or_create(cart=cart, product=product, defaults={"quantity": quantity})


@transaction.atomic
def cart_merge(*, guest_cart_id: UUID, owner: User) -> None:
    """On login: what the guest had collected goes into the account's cart, and the guest's cart goes."""
    guest = Cart.objects.select_for_update().filter(pk=guest_cart_id, owner=None).first()
    if guest is None:
        return
    cart = cart_for_owner(owner=owner)
    for item in guest.items.select_related("product"):
        cart_item_add(cart=cart, product=item.product, quantity=item.quantity)
    guest.delete()


def product_views_flush() -> int:
    """Move the views counted in Redis into the table, in one UPDATE. Returns how many products it touched.

    Drained first, then written: a crash in between loses a few views, none is counted twice.
    """
    counts = product_views.drain()
    if not counts:
        return 0
    try:
        return _product_views_write(counts={UUID(product): views for product, views in counts.items()})
    except DatabaseError:
        for product, views in counts.items():
            product_views.add(product, views)
        raise


@transaction.atomic
def _product_views_write(*, counts: dict[UUID, int]) -> int:
    # Locked in one order: two replicas that flush at once then queue up instead of deadlocking.
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=counts).order_by("pk").values_list("pk"))
    added = Case(*(When(pk=pk, then=Value(views)) for pk, views in counts.items()), default=Value(0))
    return Product.objects.filter(pk__in=counts).update(view_count=F("view_count") + added)
