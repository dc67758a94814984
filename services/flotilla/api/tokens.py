"""What people carry: signed tokens (JWT) that say who they are, for as long as they last. No database is asked.

The users service signs with its private key; whoever has its public keys (TOKEN_KEYS_FILE, a JWK set) verifies. An
access token opens the API; a refresh token gets the next pair, from the users service alone. Rotation as in
docs/decisions/0031: add the new public key everywhere, sign with the new key, take the old one away when what it has
signed is over.
"""

import base64
import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from flotilla.api.identity import ALGORITHM, LEEWAY_SECONDS, Untrusted
from flotilla.uuid7 import uuid7

ISSUER = "users"
ACCESS, REFRESH = "api", "refresh"
LONGEST = {ACCESS: 3_600, REFRESH: 30 * 86_400}  # seconds: what lasts longer is not believed, whoever has signed it
ROLES = ("customer", "staff")
CLAIMS = ("iss", "aud", "sub", "role", "iat", "exp", "jti")


@dataclass(frozen=True)
class Claims:
    """Whose token it is, until when, in seconds since 1970. `epoch` is of refresh tokens: they end when their account's
    rises.
    """

    user_id: str
    role: str
    id: str
    expires: int
    epoch: int = 0


def sign(private_key: Any, *, kid: str, audience: str, user_id: str, role: str, seconds: int, **claims: Any) -> str:
    """A token for ACCESS or REFRESH, which takes an `epoch`. The key is an Ed25519 one, as PEM or as an object."""
    now = int(time.time())
    claims |= {"iss": ISSUER, "aud": audience, "sub": user_id, "role": role}
    claims |= {"iat": now, "exp": now + seconds, "jti": uuid7().hex}
    return jwt.encode(claims, private_key, algorithm=ALGORITHM, headers={"kid": kid})


def verify(token: str, *, audience: str, keys: str) -> Claims:
    """Whose token it is; `keys` is the text of a JWK set. Raises Untrusted."""
    try:
        key = _public_keys(keys)[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": list(CLAIMS), "strict_aud": True},
        )
    except KeyError:
        raise Untrusted("It is signed with a key that is not known here.") from None
    except (jwt.InvalidTokenError, RecursionError, ValueError) as error:
        raise Untrusted(f"{error}.") from None
    return _claims(claims, audience)


@cache
def signer(pem: str) -> tuple[Any, str]:
    """The private key of a PEM text, and its kid: the first letters of its public half, as scripts/secrets has it."""
    key = load_pem_private_key(pem.encode(), None)
    return key, base64.urlsafe_b64encode(key.public_key().public_bytes_raw())[:8].decode()


def is_over(claims: Claims) -> bool:
    """Whether the token has ended since it was verified."""
    return claims.expires + LEEWAY_SECONDS <= time.time()


def _claims(claims: dict[str, Any], audience: str) -> Claims:
    iat, exp, sub, role = (claims[name] for name in ("iat", "exp", "sub", "role"))
    if not (type(iat) is type(exp) is int and 0 < exp - iat <= LONGEST[audience]):
        raise Untrusted(f"It is not for {LONGEST[audience]} s at most.")
    if role not in ROLES:
        raise Untrusted("There is no such role.")
    epoch = claims.get("epoch", 0)
    if type(epoch) is not int or (audience == REFRESH and "epoch" not in claims):
        raise Untrusted("Its epoch is missing, or no number.")
    return Claims(user_id=_id(sub), role=role, id=claims["jti"], expires=exp, epoch=epoch)


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise Untrusted("It names no user.") from None


@cache
def _public_keys(jwks: str) -> dict[str, Any]:
    found = jwt.PyJWKSet.from_json(jwks).keys if jwks else []
    return {key.key_id: key.key for key in found}
