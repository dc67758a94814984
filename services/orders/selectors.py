"""What the API reads. One's own orders are all there are."""

from uuid import UUID

from django.db.models import QuerySet

from flotilla.api.pages import Page, page
from orders.models import Order


def order_page(*, user_id: UUID, cursor: str = "") -> Page[Order]:
    """The user's orders with their lines, in two queries, newest first: ids are in order of time. Raises BadCursor."""
    return page(_of(user_id), cursor=cursor, order=("-id",))


def order_get(*, user_id: UUID, order_id: UUID) -> Order:
    """Raises Order.DoesNotExist, also for another user's."""
    return _of(user_id).get(id=order_id)


def _of(user_id: UUID) -> QuerySet[Order]:
    return Order.objects.filter(user_id=user_id).prefetch_related("lines")
