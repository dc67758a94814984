"""What a page without tokens in it asks for before it sends a form."""

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

from flotilla.uuid7 import uuid7


@require_safe
def form_token(request: HttpRequest) -> JsonResponse:
    """`{csrf_token, request_key}` for one form; sets the cookie that the token belongs to."""
    response = JsonResponse({"csrf_token": get_token(request), "request_key": uuid7().hex})
    response["Cache-Control"] = "no-store"
    return response
