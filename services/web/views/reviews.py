"""Writing a review: for people with an account, once per product."""

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from web.forms import ReviewForm
from web.services import AlreadyReviewed, review_create
from web.views.catalogue import product_or_404
from web.views.errors import error_page


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, slug: str) -> HttpResponse:
    if not request.user.is_authenticated:
        if request.method == "POST":
            raise PermissionDenied("Log in to write a review.")
        return redirect_to_login(request.get_full_path())
    product = product_or_404(slug)
    form = ReviewForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "web/review.html", {"product": product, "form": form}, status=status)
    try:
        review_create(product=product, author=request.user, **form.cleaned_data)
    except AlreadyReviewed:
        return error_page(request, 409, "You have already reviewed this product. One review each keeps it fair.")
    return redirect(f"{product.get_absolute_url()}#reviews")
