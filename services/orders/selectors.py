"""What the API reads."""

from uuid import UUID

from django.db.models import QuerySet

from orders.models import Order


def order_list(*, user_id: UUID) -> QuerySet[Order]:
    """The user's orders with their lines, in two queries, newest first: ids are in order of time."""
    return Order.objects.filter(user_id=user_id).prefetch_related("lines").order_by("-id")


def order_get(*, user_id: UUID, order_id: UUID) -> Order:
    """One order of the user. Raises Order.DoesNotExist, also for another user's."""
    return order_list(user_id=user_id).get(id=order_id)
