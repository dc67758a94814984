"""The mark of a view whose effect is idempotent by itself: it needs no key of ours, and no transaction around it.

Such a view calls another service under a key that stays the same when the request is sent again, and what it writes
itself is the same however often it is written. It is run again like any unsafe request when its database goes away.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

View = Callable[..., HttpResponse]


def idempotent(view: View) -> View:
    """Mark a view; of a class: `@method_decorator(idempotent, name="dispatch")`."""
    view.is_idempotent = True
    return view


def is_idempotent(request: HttpRequest) -> bool:
    """Whether the view that this request is for has the mark."""
    try:
        found = resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return False
    return getattr(found.func, "is_idempotent", False)
