"""Reading a request's identity from Django's request object."""

import hashlib
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from flotilla.db.aliases import DEFAULT
from flotilla.keys import identity
from flotilla.requests.copies import fresh

PURPOSE = "flotilla.keys.fingerprint"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Identified:
    """Who sent it under which key, and what it asks."""

    id: uuid.UUID
    fingerprint: bytes


def identify(request: HttpRequest, request_id: str) -> Identified:
    """Reads the whole body, so that copies of the request can be parsed any number of times. Raises BadKey."""
    body = request.body
    form = fresh(request) if request.content_type in FORMS else None
    key = identity.request_key(
        header=request.META.get("HTTP_IDEMPOTENCY_KEY", ""),
        field=form.POST.get(identity.FORM_FIELD, "") if form else "",
        request_id=request_id,
    )
    parts = _form_parts(form) if form else [body]
    return Identified(
        id=identity.identity(_whose(request), key),
        fingerprint=identity.fingerprint(_secret(), request.method or "", request.get_full_path(), parts),
    )


def database_of(request: HttpRequest) -> str | None:
    """The database that the request has its effect in, as KEY_DATABASE tells; None for one that has no effect in any.

    KEY_DATABASE names a function of the request, for a service with shards; without it that is `default`.
    """
    named = getattr(settings, "KEY_DATABASE", "")
    return import_string(named)(request) if named else DEFAULT


def _whose(request: HttpRequest) -> str:
    """Of whom KEY_SCOPE names (flotilla.api.settings), else by what the request shows."""
    named = getattr(settings, "KEY_SCOPE", "")
    proved = import_string(named)(request) if named else ""
    return proved or identity.scope(
        authorization=request.META.get("HTTP_AUTHORIZATION", ""),
        cookies=request.COOKIES,
        address=request.META.get("HTTP_X_REAL_IP", "") or request.META.get("REMOTE_ADDR", ""),
        agent=request.META.get("HTTP_USER_AGENT", ""),
    )


def _secret() -> bytes:
    """Made from SECRET_KEY for this purpose alone: the same in every replica of the service, and after a restart."""
    return salted_hmac(PURPOSE, "", algorithm="sha256").digest()


def _form_parts(form: HttpRequest) -> list[bytes]:
    files = [(f"file:{name}", [_content(file) for file in files]) for name, files in form.FILES.lists()]
    return identity.form_parts([*form.POST.lists(), *files])


def _content(file) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()
