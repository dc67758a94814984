"""The orders' REST: what comes in and goes out, and which refusal is which status. Each sees their own orders only."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from flotilla.api.identity import IsService
from flotilla.api.inputs import Id, StrictSerializer, Whole
from flotilla.api.problems import SENDING, Conflict, documented
from orders import selectors, services
from orders.models import LINES_MAX, QUANTITY_MAX, Order, Status

OWN = {"Cache-Control": "private, no-cache"}  # kept by its owner's client at most, and asked for anew
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 304])
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 8, "maxLength": 200},
    OpenApiParameter.HEADER,
    required=True,
    description="Chosen by the client for this one order, and sent again with it: the answer is the same then.",
)


class Unprocessable(ValidationError):
    """422: each field is well, and the order is not."""

    status_code = 422


class ItemInput(StrictSerializer):
    """So many of a product, which is in an order once."""

    product_id = Id()
    quantity = Whole(min_value=1, max_value=QUANTITY_MAX)


class OrderInput(StrictSerializer):
    """No price: the service knows it."""

    items = serializers.ListField(child=ItemInput(), min_length=1, max_length=LINES_MAX)


class NoInput(StrictSerializer):
    """Nothing, or an empty object."""


class LineOutput(serializers.Serializer):
    """Name and price as they were when it was ordered."""

    product_id = serializers.UUIDField()
    name = serializers.CharField()
    price_cents = serializers.IntegerField()
    quantity = serializers.IntegerField()


class OrderOutput(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    reason = serializers.CharField(allow_blank=True, help_text="For people; empty where the status says it all.")
    total_cents = serializers.IntegerField()
    items = LineOutput(many=True, source="lines")
    created_at = serializers.DateTimeField(source="created")


class OrderPage(serializers.Serializer):
    """`next` is the `page` of what follows, null on the last one."""

    items = OrderOutput(many=True)
    next = serializers.CharField(allow_null=True)


class PageQuery(serializers.Serializer):
    page = serializers.CharField(max_length=400, required=False, help_text="The `next` of the page before.")


class OrdersView(APIView):
    @extend_schema(operation_id="order_page", parameters=[PageQuery], responses={200: OrderPage} | documented(403))
    def get(self, request: Request) -> Response:
        """One page of one's own orders, newest first."""
        return _page(request, _customer(request))

    @extend_schema(
        operation_id="order_place",
        parameters=[KEY],
        request=OrderInput,
        responses={201: OrderOutput} | documented(*SENDING, 409),
    )
    def post(self, request: Request) -> Response:
        """Place an order. It is pending until its stock is reserved, which takes a moment."""
        if "Idempotency-Key" not in request.headers:  # what it does is the library's business: flotilla.keys
            raise ValidationError({"Idempotency-Key": "This header is required: a key of your choice for this order."})
        wish = OrderInput(data=request.data)
        wish.is_valid(raise_exception=True)
        items = [services.Item(**item) for item in wish.validated_data["items"]]
        with refusals():
            order = services.order_place(user_id=_customer(request), items=items)
        return Response(OrderOutput(order).data, status=201, headers=OWN | {"Location": f"{order.id}/"})


class OrderView(APIView):
    @extend_schema(
        operation_id="order_get", parameters=[ETAG], responses={200: OrderOutput, 304: None} | documented(403, 404)
    )
    def get(self, request: Request, order_id: UUID) -> HttpResponseBase:
        """One order; with `If-None-Match` 304 while nothing has become of it."""
        with refusals():
            order = selectors.order_get(user_id=_customer(request), order_id=order_id)
        etag = quote_etag(str(order.version))
        response = Response(OrderOutput(order).data, headers=OWN | {"ETag": etag})
        return get_conditional_response(request._request, etag=etag, response=response)


class CancelView(APIView):
    @extend_schema(
        operation_id="order_cancel", request=None, responses={200: OrderOutput} | documented(*SENDING, 404, 409)
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Take an order back that is pending or confirmed: its stock goes back. Again: the same answer."""
        NoInput(data=request.data).is_valid(raise_exception=True)
        with refusals():
            order = services.order_cancel(user_id=_customer(request), order_id=order_id)
        return Response(OrderOutput(order).data, headers=OWN)


class OrdersOfUserView(APIView):
    permission_classes = [IsService]

    @extend_schema(
        operation_id="orders_of_user", parameters=[PageQuery], responses={200: OrderPage} | documented(403, 404)
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """One page of a user's orders, newest first; for services, which know whom they show it."""
        return _page(request, user_id)


def _page(request: Request, user_id: UUID) -> Response:
    query = PageQuery(data={name: value for name, value in request.query_params.items() if value})
    query.is_valid(raise_exception=True)
    found = selectors.order_page(user_id=user_id, cursor=query.validated_data.get("page", ""))
    return Response(OrderPage(found).data, headers=OWN)


def _customer(request: Request) -> UUID:
    try:
        return UUID(request.user.id)
    except ValueError:
        raise AuthenticationFailed("The internal identity names no user.") from None


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except Order.DoesNotExist:
        raise NotFound("There is no such order.") from None
    except services.Refused as refused:
        raise Unprocessable(refused.problems) from None
    except services.UserGone as gone:
        raise PermissionDenied(str(gone)) from None
    except services.NotAllowed as refused:
        raise Conflict(str(refused)) from None
