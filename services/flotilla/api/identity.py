"""Who calls, between services: a JWT in `X-Identity`, for one service and a minute at most.

The gateway has checked the caller, and signs with its private key. Another service that calls on its own behalf signs
with a key of its own, and may say nothing but that. A service believes the public keys that IDENTITY_KEYS_FILE holds (a
JWK set), and nothing else: a key's name says whose it is. Rotation: add the new public key everywhere, let its owner
sign with the private one, take the old one away.
"""

import base64
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.http import HttpRequest
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

HEADER = "X-Identity"
GATEWAY = "gateway"  # the one that speaks for users
ALGORITHM = "EdDSA"
CURVE = "Ed25519"
ROLES = ("customer", "staff", "service")
LONGEST_SECONDS = 60
LEEWAY_SECONDS = 5  # between the clocks of two machines
CLAIMS = ("iss", "aud", "sub", "iat", "exp", "role")
LETTERS = 8  # of the public key, in the name of a key: `gateway-11qYAYKx` (scripts/secrets writes it so)


class Untrusted(Exception):
    """A token that is not to be believed; the message is the reason."""


@dataclass(frozen=True)
class Identity:
    """`request.user`. The id is empty for nobody in particular: a visitor, or a service on its own behalf."""

    id: str
    role: str
    is_authenticated = True  # what Django REST framework asks of a user


def sign(
    private_key: Any,
    *,
    audience: str,
    role: str,
    user_id: str = "",
    issuer: str = GATEWAY,
    kid: str = "",
    seconds: int = 60,
) -> str:
    """A token of the service `issuer` for the service `audience`.

    The key is an Ed25519 one, as PEM or as an object; its name `kid` is worked out when not given.
    """
    key, letters = _private_key(private_key)
    now = int(time.time())
    claims = {"iss": issuer, "aud": audience, "sub": user_id, "role": role, "iat": now, "exp": now + seconds}
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid or f"{issuer}-{letters}"})


def verify(token: str, *, audience: str, keys: str) -> Identity:
    """Whose token it is; `keys` is the text of a JWK set. Raises Untrusted."""
    try:
        kid = jwt.get_unverified_header(token)["kid"]
        claims = jwt.decode(
            token,
            _public_keys(keys)[kid],
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=kid[: -LETTERS - 1],
            leeway=LEEWAY_SECONDS,
            options={"require": list(CLAIMS), "strict_aud": True},
        )
    except KeyError:
        raise Untrusted("It is signed with a key that is not known here.") from None
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise Untrusted(f"{error}.") from None
    return _identity(claims)


def scope(request: HttpRequest) -> str:
    """Whose request key it is (KEY_SCOPE): a caller's, whatever token of theirs it came with. '' without one."""
    token = request.headers.get(HEADER)
    try:
        found = _of_this_service(token) if token else None
    except Untrusted:
        found = None  # the view refuses it
    return f"identity\0{found.role}\0{found.id}" if found else ""


def _of_this_service(token: str) -> Identity:
    return verify(token, audience=settings.FLOTILLA.service, keys=settings.FLOTILLA.identity_keys)


def _identity(claims: dict[str, Any]) -> Identity:
    iat, exp, id, role = (claims[name] for name in ("iat", "exp", "sub", "role"))
    if not (type(iat) is type(exp) is int and 0 < exp - iat <= LONGEST_SECONDS):
        raise Untrusted(f"It is not for {LONGEST_SECONDS} s at most.")
    if role not in ROLES:
        raise Untrusted("There is no such role.")
    if claims["iss"] != GATEWAY and (role, id) != ("service", ""):
        raise Untrusted("Only the gateway speaks for users.")
    return Identity(id=id, role=role)


@cache
def _private_key(given: Any) -> tuple[Any, str]:
    """The key, which takes longer to read from its PEM than to sign with, and the first letters of its public half."""
    key = load_pem_private_key(given.encode(), None) if isinstance(given, str) else given
    return key, base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()[:LETTERS]


@cache
def _public_keys(jwks: str) -> dict[str, Any]:
    found = jwt.PyJWKSet.from_json(jwks).keys if jwks else []
    return {key.key_id: key.key for key in found}


# -- Django REST framework ---------------------------------------------------------------------------------------------


class IdentityAuthentication(authentication.BaseAuthentication):
    """Without the header nobody; with one that is not to be believed 401, whatever the view allows."""

    def authenticate(self, request: Request) -> tuple[Identity, str] | None:
        token = request.headers.get(HEADER)
        if token is None:
            return None
        try:
            return _of_this_service(token), token
        except Untrusted as reason:
            raise exceptions.AuthenticationFailed(f"The internal identity is not to be believed. {reason}") from None

    def authenticate_header(self, request: Request) -> str:
        return HEADER


class IsUser(permissions.BasePermission):
    """Somebody in particular."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.id)


class IsStaff(permissions.BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.role == "staff")


class IsService(permissions.BasePermission):
    """Another service, on its own behalf or somebody's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.role == "service")


class IsStaffOrReadOnly(IsStaff):
    """Everybody reads, staff write."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in permissions.SAFE_METHODS or super().has_permission(request, view)
