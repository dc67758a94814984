"""Product pictures, robots.txt, favicon: drawn or fixed, no database."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from web.pictures import picture_svg, picture_valid

ROBOTS = """User-agent: *
Disallow: /accounts/
Disallow: /admin/
Disallow: /cart/
Disallow: /checkout/
Disallow: /orders/
Disallow: /search/
"""


@require_safe
def picture(request: HttpRequest, motif: str, slug: str, digest: str) -> HttpResponse:
    if not picture_valid(motif, slug, digest):
        raise Http404
    response = HttpResponse(picture_svg(motif, slug), content_type="image/svg+xml")
    # The name changes when the drawing does: kept for a year by everyone.
    response["Cache-Control"] = "public, max-age=31536000, s-maxage=31536000, immutable"
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(ROBOTS, content_type="text/plain")
    response["Cache-Control"] = "public, max-age=3600, s-maxage=3600"
    return response


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For those who ask without reading the page, which names the hashed file itself."""
    response = redirect(static("web/favicon.svg"))
    response["Cache-Control"] = "public, max-age=86400, s-maxage=86400"
    return response
