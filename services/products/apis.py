"""The products' REST: what comes in and goes out, and which refusal is which status."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from flotilla.api.identity import IsStaffOrReadOnly
from flotilla.api.inputs import Flag, Slug, StrictSerializer, Text, Whole
from flotilla.api.problems import SENDING, Conflict, documented
from products import selectors, services
from products.models import Product

PRICE_MAX, STOCK_MAX, DESCRIPTION_MAX = 10_000_000, 1_000_000, 10_000
CACHEABLE = "public, max-age=300, s-maxage=10"  # the edge keeps it as long as a page
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 304])
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of what is changed, or `*`. Needed for `stock`, which orders change too.",
)


class PreconditionFailed(APIException):
    """412: it has changed since it was read."""

    status_code = 412
    default_detail = "The product has changed meanwhile: read it again, and send the ETag that it has then."


class PreconditionRequired(APIException):
    """428: a stock that was worked out from an old one would undo what orders took meanwhile."""

    status_code = 428
    default_detail = "stock is changed with If-Match only: send the ETag of the product that the new stock is for."


class ProductInput(StrictSerializer):
    """What staff send: all of it for a new product, what changes for one that is there."""

    slug = Slug(max_length=120)
    name = Text(max_length=120)
    description = Text(max_length=DESCRIPTION_MAX)
    motif = Slug(max_length=30, help_text="Which drawing shows it.")
    price_cents = Whole(min_value=1, max_value=PRICE_MAX)
    category = Slug(max_length=60, help_text="The slug of a category.")
    featured = Flag(required=False)
    stock = Whole(min_value=0, max_value=STOCK_MAX, required=False)


class CategoryOutput(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    tagline = serializers.CharField()
    position = serializers.IntegerField()


class ProductOutput(serializers.Serializer):
    """With its whole category: who reads the list can build a catalogue of it, as from the events."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    motif = serializers.CharField()
    price_cents = serializers.IntegerField()
    category = CategoryOutput()
    featured = serializers.BooleanField()
    stock = serializers.IntegerField()
    created = serializers.DateTimeField()
    version = serializers.IntegerField()


class ProductPage(serializers.Serializer):
    """`next` is the `page` of what follows, null on the last one."""

    items = ProductOutput(many=True)
    next = serializers.CharField(allow_null=True)


class ProductQuery(serializers.Serializer):
    category = serializers.SlugField(max_length=60, required=False, help_text="The slug of a category.")
    featured = serializers.ChoiceField(["true", "false"], required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="Words of the name or the description.")
    page = serializers.CharField(max_length=400, required=False, help_text="The `next` of the page before.")


class ProductsView(APIView):
    permission_classes = [IsStaffOrReadOnly]

    @extend_schema(
        operation_id="product_page",
        parameters=[ProductQuery],
        responses={200: ProductPage} | documented(),
        auth=[],
    )
    def get(self, request: Request) -> Response:
        """One page of what is on sale, newest first."""
        # An empty parameter is one that is not given.
        query = ProductQuery(data={name: value for name, value in request.query_params.items() if value})
        query.is_valid(raise_exception=True)
        filters = dict(query.validated_data)
        found = selectors.product_page(cursor=filters.pop("page", ""), **filters)
        return Response(ProductPage(found).data, headers={"Cache-Control": CACHEABLE})

    @extend_schema(
        operation_id="product_create",
        request=ProductInput,
        responses={201: ProductOutput} | documented(*SENDING, 409),
    )
    def post(self, request: Request) -> Response:
        """Put a product on sale."""
        with refusals():
            product = services.product_create(**_valid(request, partial=False))
        return Response(ProductOutput(product).data, status=201, headers={"Location": f"{product.id}/"})


class ProductView(APIView):
    permission_classes = [IsStaffOrReadOnly]

    @extend_schema(
        operation_id="product_get",
        parameters=[ETAG],
        responses={200: ProductOutput, 304: None} | documented(404),
        auth=[],
    )
    def get(self, request: Request, product_id: UUID) -> HttpResponseBase:
        """One product; with `If-None-Match` 304 while its version is the same."""
        with refusals():
            product = selectors.product_get(product_id=product_id)
        etag = _etag(product)
        headers = {"ETag": etag, "Cache-Control": CACHEABLE}
        response = Response(ProductOutput(product).data, headers=headers)
        return get_conditional_response(request._request, etag=etag, response=response)

    @extend_schema(
        operation_id="product_change",
        parameters=[IF_MATCH, ETAG],
        request=ProductInput(partial=True),
        responses={200: ProductOutput} | documented(*SENDING, 404, 409, 412, 428),
    )
    def patch(self, request: Request, product_id: UUID) -> Response:
        """Change what is sent, and nothing else; with `If-Match` only if it still is what the sender has read."""
        changes = _valid(request, partial=True)
        if "stock" in changes and "If-Match" not in request.headers:
            raise PreconditionRequired
        with refusals():
            product = services.product_change(product_id=product_id, changes=changes, versions=_versions(request))
        return Response(ProductOutput(product).data, headers={"ETag": _etag(product)})

    @extend_schema(operation_id="product_remove", responses={204: None} | documented(*SENDING, 404))
    def delete(self, request: Request, product_id: UUID) -> Response:
        """Take it off sale, for good."""
        with refusals():
            services.product_remove(product_id=product_id)
        return Response(status=204)


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except Product.DoesNotExist:
        raise NotFound("There is no such product.") from None
    except services.Stale:
        raise PreconditionFailed from None
    except services.SlugTaken:
        raise Conflict("Another product has this slug.") from None
    except services.CategoryUnknown:
        raise ValidationError({"category": ["There is no category of this slug."]}) from None


def _valid(request: Request, *, partial: bool) -> dict:
    wish = ProductInput(data=request.data, partial=partial)
    wish.is_valid(raise_exception=True)
    return wish.validated_data


def _etag(product: Product) -> str:
    return quote_etag(str(product.version))


def _versions(request: Request) -> set[int] | None:
    """Those that If-Match names; None is any. A tag that is no version names none.

    A proxy that compresses makes a tag weak. It is the same version, and that is what is compared.
    """
    header = request.headers.get("If-Match", "*")
    return None if header.strip() == "*" else {int(number) for number in re.findall(r'"([0-9]{1,18})"', header)}
