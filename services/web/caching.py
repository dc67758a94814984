"""The two caches a page can come from: the edge's (by headers) and the application's (by key)."""

import hashlib
import json
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from flotilla.timing import note_cache

# Who carries one of these sees something of their own; the edge passes such requests through (nginx, same list).
PERSONAL_COOKIES = ("sessionid", "cart", "consistency")
# Raise it when the shape of a cached value changes: old and new replicas then never read each other's entries.
SHAPE = 1
EDGE_SECONDS = 10
ERROR_STALE_SECONDS = 3600
# 410 too: the edge keeps the page of before for as long as no answer may take its place.
SHARED = (200, 410)


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
        elif response.status_code in SHARED:
            response["Cache-Control"] = (
                f"public, max-age=0, s-maxage={EDGE_SECONDS}, stale-if-error={ERROR_STALE_SECONDS}"
            )
        return response

    return wrapped


def remember(key: object, seconds: int, load: Callable[[], Any], *, fresh: bool = False) -> Any:
    """The value kept under the key, else load() and keep it. Values are JSON. `fresh` never reads, only renews.

    A visitor who has just written (consistency cookie) asks for fresh values, so that a cache cannot hide their write.
    An empty list is not kept: it costs little to read, and what has just begun to fill shows at once.
    """
    name = _name(key)
    value = None if fresh else cache.get(name)
    if value is not None:
        note_cache(hit=True)
        return value
    note_cache(hit=False)
    value = load()
    if value or fresh:
        cache.set(name, value, seconds)
    return value


# -- What changes make untrue ------------------------------------------------------------------------------------------

# Keys that those who write have to name, beside those who read. No kept value has a stock in it.
CATEGORIES, FEATURED, POPULAR = ["categories"], ["featured"], ["popular"]


def forget_after_commit(*keys: object) -> None:
    """Before it, somebody would read the old rows and keep them. A page on a replica that is behind still may.

    Only what is looked at first is forgotten: everything that is kept ends by itself after a time (selectors).
    """
    transaction.on_commit(partial(cache.delete_many, [_name(key) for key in keys]), robust=True)


def _name(key: object) -> str:
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    return f"web:{SHAPE}:{digest}"
