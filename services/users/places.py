"""Where things are: an account by its id, a claim by its address; and of a request, the database and the sender.

The last two are what the request keys ask (KEY_DATABASE, KEY_SCOPE), before any view is called.
"""

import json
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from flotilla.api import identity
from flotilla.db.aliases import DEFAULT
from flotilla.sharding import buckets, shards

REGISTERING, WITHOUT_EFFECT = "/users/", "/auth/"  # tokens are signed, and kept nowhere


def email_normalise(*, email: str) -> str:
    """As it is claimed: what is one address to people is one here."""
    return email.strip().lower()


def email_bucket(*, email: str) -> int:
    return buckets.of_text(email_normalise(email=email))


def database_of(request: HttpRequest) -> str | None:
    """The shard that the request writes to: of the address that registers, else of who sends it.

    Where neither can be told the view refuses, whatever database that is in.
    """
    if request.path_info.startswith(WITHOUT_EFFECT):
        return None
    if request.path_info == REGISTERING:
        email = _email(request)
        return shards.primary(email_bucket(email=email)) if email else DEFAULT
    user_id = _user_id(request)
    return shards.primary(buckets.of_id(user_id)) if user_id else DEFAULT


def scope_of(request: HttpRequest) -> str:
    """Whose request key it is: somebody's, else of the address that registers.

    Not of where it comes from: that is one balancer, or the other when it is sent again.
    """
    email = "" if _user_id(request) else _email(request)
    return f"email\0{email_normalise(email=email)}" if email else identity.scope(request)


def _email(request: HttpRequest) -> str:
    """What the body says, if it is an object that does; the view finds out whether it is an address."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    email = body.get("email") if isinstance(body, dict) else None
    return email if isinstance(email, str) and email.isascii() else ""


def _user_id(request: HttpRequest) -> UUID | None:
    token, env = request.headers.get(identity.HEADER, ""), settings.FLOTILLA
    try:
        return UUID(identity.verify(token, audience=env.service, keys=env.identity_keys).id)
    except (identity.Untrusted, ValueError):
        return None
