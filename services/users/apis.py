"""The users' REST: what comes in and goes out, and which refusal is which status. Each sees themselves, staff all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, AuthenticationFailed, NotFound, Throttled, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from flotilla.api.inputs import Email, StrictSerializer, Text
from flotilla.api.problems import SENDING, Conflict, documented
from flotilla.requests.answers import RETRY_AFTER_SECONDS
from users import attempts, logins, orders, passwords, selectors, services
from users.models import NAME_MAX, PASSWORD_MAX, Role, User

OWN = {"Cache-Control": "private, no-cache"}  # kept by its owner's client at most, and asked for anew
SECRET = {"Cache-Control": "no-store"}
WARNING = "The orders cannot be told just now. Please ask again later."
TOKEN_MAX = 2000


class Unauthorized(APIException):
    """401 for what is no internal identity: credentials, a refresh token."""

    status_code = 401
    auth_header = "Bearer"


class Busy(APIException):
    """503: more passwords than can be checked."""

    status_code = 503
    default_detail = "There is too much to do just now. Nothing was done; please try again."
    wait = RETRY_AFTER_SECONDS


class RegistrationInput(StrictSerializer):
    email = Email()
    name = Text(max_length=NAME_MAX)
    password = Text(max_length=PASSWORD_MAX, trim_whitespace=False)


class LoginInput(StrictSerializer):
    email = Email()
    password = Text(max_length=PASSWORD_MAX, trim_whitespace=False)


class RefreshInput(StrictSerializer):
    refresh = Text(max_length=TOKEN_MAX)


class NoInput(StrictSerializer):
    """Nothing, or an empty object."""


class UserOutput(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField(source="created")


class AccountOutput(UserOutput):
    role = serializers.ChoiceField(Role.choices)


class TokensOutput(serializers.Serializer):
    """`expires_in` is the access token's, in seconds."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField()


class UserOrdersOutput(serializers.Serializer):
    """`orders` is null, and `warning` says so, while they cannot be told; `next` is the `page` of what follows."""

    user = AccountOutput()
    orders = serializers.ListField(child=serializers.DictField(), allow_null=True)
    next = serializers.CharField(allow_null=True)
    warning = serializers.CharField(required=False)


class PageQuery(serializers.Serializer):
    page = serializers.CharField(max_length=400, required=False, help_text="The `next` of the page before.")


class UsersView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="user_register",
        request=RegistrationInput,
        responses={201: UserOutput} | documented(*SENDING, 409),
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Register. Letters of an address are taken as small ones."""
        with refusals():
            user = services.user_register(**_valid(RegistrationInput, request))
        return Response(UserOutput(user).data, status=201, headers=OWN)


class MeView(APIView):
    @extend_schema(operation_id="user_me", responses={200: AccountOutput} | documented(403, 404))
    def get(self, request: Request) -> Response:
        """One's own account."""
        with refusals():
            user = selectors.user_get(user_id=_user_id(request))
        return Response(AccountOutput(user).data, headers=OWN)

    @extend_schema(operation_id="user_delete", request=None, responses={204: None} | documented(*SENDING, 404, 409))
    def delete(self, request: Request) -> Response:
        """Delete one's own account, for good. Orders are kept, and belong to nobody any more."""
        _valid(NoInput, request)
        with refusals():
            services.user_delete(user_id=_user_id(request))
        return Response(status=204)


class OrdersView(APIView):
    @extend_schema(
        operation_id="user_orders", parameters=[PageQuery], responses={200: UserOrdersOutput} | documented(403, 404)
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """A user with a page of their orders, newest first. While these cannot be told, the user without them."""
        query = PageQuery(data={name: value for name, value in request.query_params.items() if value})
        query.is_valid(raise_exception=True)
        if request.user.role != Role.STAFF and user_id != _user_id(request):
            raise NotFound("There is no such account.")
        with refusals():
            user = selectors.user_get(user_id=user_id)
            found = _orders(user_id, query.validated_data.get("page", ""))
        return Response(UserOrdersOutput({"user": user, **found}).data, headers=OWN)


class TokenView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_get",
        request=LoginInput,
        responses={200: TokensOutput} | documented(413, 415, 429),
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Log in: an access token for this API, and a refresh token for the next pair."""
        with refusals():
            tokens = logins.user_login(**_valid(LoginInput, request))
        return Response(TokensOutput(tokens).data, headers=SECRET)


class RefreshView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_refresh",
        request=RefreshInput,
        responses={200: TokensOutput} | documented(413, 415),
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """The next pair of tokens, while the account is there."""
        with refusals():
            tokens = logins.user_refresh(**_valid(RefreshInput, request))
        return Response(TokensOutput(tokens).data, headers=SECRET)


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except User.DoesNotExist:
        raise NotFound("There is no such account.") from None
    except services.EmailTaken:
        raise Conflict("Somebody has registered with this address.") from None
    except services.PasswordWeak as weak:
        raise ValidationError({"password": weak.reasons}) from None
    except logins.BadCredentials:
        raise Unauthorized("No account has this address and this password.") from None
    except logins.BadToken as reason:
        raise Unauthorized(str(reason)) from None
    except attempts.TooMany as many:
        raise Throttled(wait=many.seconds, detail=str(many)) from None
    except passwords.Busy:
        raise Busy from None
    except orders.PageUnknown:
        raise ValidationError({"page": ["It is no cursor of these orders: leave it out for the first page."]}) from None


def _orders(user_id: UUID, page: str) -> dict[str, Any]:
    """Raises orders.PageUnknown."""
    try:
        found = orders.orders_of(user_id=user_id, page=page)
    except orders.OrdersUnknown:
        return {"orders": None, "next": None, "warning": WARNING}
    return {"orders": found.items, "next": found.next}


def _valid(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    wish = serializer(data=request.data)
    wish.is_valid(raise_exception=True)
    return wish.validated_data


def _user_id(request: Request) -> UUID:
    try:
        return UUID(request.user.id)
    except ValueError:
        raise AuthenticationFailed("The internal identity names no user.") from None
