"""Pages for people with an account of the shop: who has none logs in first, and what the gateway refuses is a page."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from web import calls, tokens
from web.context import visitor
from web.views.errors import error_page

View = Callable[..., HttpResponse]

AWAY = "This cannot be looked up at the moment. Your orders and your cart are safe; please try again in a moment."


def for_members(view: View) -> View:
    """Leaves `request.user`, who is logged in. A login that has ended leads to a new one, and then back here."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if visitor(request) is None:
            return log_in_first(request)
        try:
            return view(request, *args, **kwargs)
        except calls.LoginNeeded:
            if tokens.REFRESH in request.session:
                logout(request)
            return log_in_first(request)
        except calls.NotFound:
            raise Http404 from None
        except calls.Conflict as refusal:
            return error_page(request, 409, str(refusal))
        except calls.Forbidden as refusal:
            raise PermissionDenied(str(refusal)) from None
        except calls.Invalid:
            return error_page(request, 400)
        except calls.TooMany as refusal:
            return again_later(error_page(request, 429, too_many(refusal)), refusal.again)
        except calls.Away as away:
            return again_later(error_page(request, 503, AWAY), away.again)

    return wrapped


def log_in_first(request: HttpRequest) -> HttpResponse:
    """And then to the page itself: a form that was not sent is there again."""
    path = request.path.removesuffix("cancel/") if request.method == "POST" else request.get_full_path()
    return redirect_to_login(path)


def again_later(response: HttpResponse, seconds: int | None) -> HttpResponse:
    response["Retry-After"] = str(seconds or calls.AGAIN_SECONDS)
    return response


def too_many(refusal: calls.Refused) -> str:
    """Says for how long, in words."""
    seconds = refusal.again or 60
    wait = f"{seconds} seconds" if seconds < 100 else f"{-(-seconds // 60)} minutes"
    return f"That was tried too often in a short time. Please try again in {wait}."
