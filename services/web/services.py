"""What changes the shop's data. Each function is one transaction; arguments are named; refusals are exceptions."""

from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Least
from django.utils import timezone

from flotilla.bus import inbox
from flotilla.counters import Counter
from flotilla.events import contracts, envelope
from flotilla.events.contracts import ProductChanged
from web.caching import CATEGORIES, FEATURED, POPULAR, forget_after_commit
from web.models import NAME_MAX, QUANTITY_MAX, Cart, CartItem, Category, Product, Review, User
from web.upsert import upsert

product_views = Counter("product_views")

FORMER = "Former customer"  # what an author is called whose account is gone


class AlreadyReviewed(Exception):
    """This author has already reviewed this product."""


class InvalidQuantity(ValueError):
    """A cart holds 0 (take it out) to 99 of a product."""


class NotSold(Exception):
    """The product is sold out, or no longer sold; the message says which, in a sentence."""


def account_known(*, account_id: UUID, email: str, name: str) -> User:
    """The account's shadow, as the users service tells it. Nobody logs in here with a password of its own."""
    known = {"email": email, "first_name": name[:NAME_MAX]}
    User.objects.bulk_create([_shadow(account_id, **known)], ignore_conflicts=True)
    User.objects.filter(pk=account_id, is_active=True).update(**known)
    return User.objects.get(pk=account_id)


def account_forget(*, account_id: UUID) -> None:
    """The account is gone: its sessions end, and its reviews are nobody's in particular.

    A row is written also for one that never came here: its first login may be under way, and would make it known again.
    """
    blank = {"email": "", "first_name": FORMER, "is_active": False}
    shadow = _shadow(account_id, **blank)
    User.objects.bulk_create([shadow], update_conflicts=True, unique_fields=["id"], update_fields=[*blank])


def _shadow(account_id: UUID, **fields) -> User:
    return User(pk=account_id, username=str(account_id), password=make_password(None), **fields)


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
    """Put so many more of the product into the cart; 99 is the most it holds. Raises InvalidQuantity, NotSold."""
    if not 1 <= quantity <= QUANTITY_MAX:
        raise InvalidQuantity(quantity)
    _sold(product)
    if not product.stock:
        raise NotSold(f"{product.name} is sold out. Have a look again later: more may come.")
    return _cart_item_add(cart, product, quantity)


def _cart_item_add(cart: Cart, product: Product, quantity: int) -> CartItem:
    """An order may take the line out between the two statements: then there is none to be found, and a new one."""
    more = Least(F("quantity") + quantity, QUANTITY_MAX)
    while True:
        item, created = CartItem.objects.get_or_create(cart=cart, product=product, defaults={"quantity": quantity})
        if created or CartItem.objects.filter(pk=item.pk).update(quantity=more):
            return item


@transaction.atomic
def cart_item_set(*, cart: Cart, product: Product, quantity: int) -> None:
    """Make the cart hold exactly so many of the product; 0 takes it out. Raises InvalidQuantity, NotSold."""
    if not 0 <= quantity <= QUANTITY_MAX:
        raise InvalidQuantity(quantity)
    if quantity == 0:
        CartItem.objects.filter(cart=cart, product=product).delete()
    else:
        _sold(product)
        CartItem.objects.update_or_create(cart=cart, product=product, defaults={"quantity": quantity})


def _sold(product: Product) -> None:
    if product.removed_at:
        raise NotSold(f"{product.name} is no longer sold. Please take it out of the cart.")


@transaction.atomic
def cart_merge(*, guest_cart_id: UUID, owner: User) -> None:
    """On login: what the guest had collected goes into the account's cart, and the guest's cart goes."""
    guest = Cart.objects.select_for_update().filter(pk=guest_cart_id, owner=None).first()
    if guest is None:
        return
    cart = cart_for_owner(owner=owner)
    for item in guest.items.select_related("product"):
        _cart_item_add(cart, item.product, item.quantity)  # also what is sold out by now: it had it
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


# -- The catalogue, as the products service tells it: inside the transaction of an event, or of a rebuild --------------

CARD = ("slug", "name", "motif", "price_cents", "featured", "category_id", "removed_at")  # what lists are made of
CATEGORY = ("name", "tagline", "position")
CATEGORY_DIFFERS = "(old.name, old.tagline, old.position) <> (excluded.name, excluded.tagline, excluded.position)"
UNKNOWN = {"version": -1}  # of a product without a row
TOLD = ("slug", "name", "description", "motif", "price_cents", "featured", "stock", "created", "version")


def categories_apply(*, products: list[ProductChanged]) -> None:
    """Make the categories of these products known. Products share them, so this comes first in a transaction.

    Read without a lock and written only where one differs, in the order of slugs: of two transactions that tell of one
    category, one waits here, where it has no product yet that the other could wait for. A category has no version: of
    two events that disagree, the one applied last is believed, and a rebuild sets it right.
    """
    _categories_write([product.category for product in _newer(products, by=1)])


def _categories_write(categories: list[contracts.Category]) -> None:
    wanted = {category.slug: category for category in categories}
    known = {row["slug"]: row for row in Category.objects.filter(slug__in=wanted).values("slug", *CATEGORY)}
    rows = [Category(**asdict(wanted[slug])) for slug in sorted(wanted) if known.get(slug) != asdict(wanted[slug])]
    for row in rows:
        row.clean_fields(exclude=("tagline",))
    if rows:
        upsert(rows=rows, key="slug", renewed=CATEGORY, when=CATEGORY_DIFFERS)
        forget_after_commit(CATEGORIES)


def _newer(products: list[ProductChanged], *, by: int) -> list[ProductChanged]:
    """Those whose version is at least so much above the row's."""
    ids = [product.product_id for product in products]
    known = dict(Product.objects.filter(pk__in=ids).order_by().values_list("pk", "version"))
    return [product for product in products if product.version >= known.get(product.product_id, -1) + by]


def products_apply(*, products: list[ProductChanged]) -> int:
    """Store those that are newer than their rows; how many were. Each once, its category known. Raises ValidationError.

    The stock changes with each order, and is in no list: it makes nobody read anything anew.
    """
    ids = [product.product_id for product in products]
    before = {row["pk"]: row for row in Product.objects.filter(pk__in=ids).order_by().values("pk", "version", *CARD)}
    in_order = sorted(products, key=lambda product: product.product_id)  # as product_views_flush locks them
    newer = [product for product in in_order if product.version > before.get(product.product_id, UNKNOWN)["version"]]
    categories = dict(Category.objects.values_list("slug", "pk"))
    rows = [_row(product, categories[product.category.slug]) for product in newer]
    renewed = (*TOLD, "category_id", "removed_at")
    count = upsert(rows=rows, key="id", renewed=renewed, when="old.version < excluded.version") if rows else 0
    if any(_differs(row, before.get(row.pk, UNKNOWN)) for row in rows):
        forget_after_commit(FEATURED, POPULAR)
    return count


def _differs(row: Product, before: dict) -> bool:
    return any(before.get(name) != getattr(row, name) for name in CARD)


def _row(product: ProductChanged, category_id: int) -> Product:
    told = {name: getattr(product, name) for name in TOLD}
    row = Product(pk=product.product_id, category_id=category_id, **told)
    row.clean_fields(exclude=("category", "description"))  # an address that is none would break every page it is on
    return row


def product_forget(*, product_id: UUID, version: int) -> bool:
    """No longer sold, unless something newer is known; whether it was. Reviews and lines of carts keep the row."""
    products = Product.objects.filter(pk=product_id, version__lt=version)
    if not products.update(version=version, removed_at=timezone.now()):
        return False
    forget_after_commit(FEATURED, POPULAR)
    return True


def products_take(*, products: list[ProductChanged]) -> int:
    """Some products as the service has them when asked; how many were news. An event that is on its way stays right:
    a later one that was applied wins, an earlier one that is still to come has no effect.
    """
    _categories_write([product.category for product in _newer(products, by=0)])
    in_order = sorted(products, key=lambda product: product.product_id)  # their versions are locked one by one
    return products_apply(products=[product for product in in_order if _may_be_news(product)])


def _may_be_news(product: ProductChanged) -> bool:
    told = envelope.build(product, request_id="-")
    return inbox.catch_up("default", told, settings.FLOTILLA.service)


def products_forget(*, versions: dict[UUID, int]) -> int:
    """Those that the service does not have any more, and that still have these versions; how many that were.

    Version 0: should one be forgotten by mistake (the list came from a replica that was behind), the next rebuild
    brings it back. Events that are older than what was applied are stopped by the inbox all the same.
    """
    forgotten = 0
    for id, version in sorted(versions.items()):
        products = Product.objects.sold().filter(pk=id, version=version)
        forgotten += products.update(removed_at=timezone.now(), version=0)
    if forgotten:
        forget_after_commit(FEATURED, POPULAR)
    return forgotten
