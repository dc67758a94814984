"""The two caches a page can come from: the edge's (by headers) and the application's (by key)."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from flotilla.timing import note_cache

# Who carries one of these sees something of their own; the edge passes such requests through (nginx, same list).
PERSONAL_COOKIES = ("sessionid", "cart", "consistency")
# Raise it when the shape of a cached value changes: old and new replicas then never read each other's entries.
SHAPE = 1
EDGE_SECONDS = 10
ERROR_STALE_SECONDS = 3600


def is_personal(request: HttpRequest) -> bool:
    return any(name in request.COOKIES for name in PERSONAL_COOKIES) or "Authorization" in request.headers


def public_page(view):
    """A page the edge may keep, unless the visitor is known. Browsers always ask again (HTML revalidates).

    The shared copy has no `Vary: Cookie`: it is only ever made for, and given to, requests without the cookies above,
    and a visitor who merely holds a CSRF cookie must share it. No `stale-while-revalidate` either: browsers obey it,
    and would show a page from before the visitor's own write (docs/decisions/0017).
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        request.personal, request.fresh = is_personal(request), "consistency" in request.COOKIES
        response = view(request, *args, **kwargs)
        if request.personal:
            response["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, ["Cookie"])
        elif response.status_code == 200:
            response["Cache-Control"] = (
                f"public, max-age=0, s-maxage={EDGE_SECONDS}, stale-if-error={ERROR_STALE_SECONDS}"
            )
        return response

    return wrapped


def remember(key: object, seconds: int, load: Callable[[], Any], *, fresh: bool = False) -> Any:
    """The value kept under the key, else load() and keep it. Values are JSON. `fresh` never reads, only renews.

    A visitor who has just written (consistency cookie) asks for fresh values, so that a cache cannot hide their write.
    """
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    name = f"web:{SHAPE}:{digest}"
    value = None if fresh else cache.get(name)
    if value is not None:
        note_cache(hit=True)
        return value
    note_cache(hit=False)
    value = load()
    cache.set(name, value, seconds)
    return value
