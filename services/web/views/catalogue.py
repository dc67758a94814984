"""The public pages: home, departments, search, products. Cacheable at the edge for visitors we do not know."""

from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.core.paginator import EmptyPage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from web import selectors
from web.caching import public_page
from web.context import visitor
from web.forms import CartAddForm, ReviewForm, SearchForm
from web.models import Product
from web.services import product_views
from web.views.params import choice, page_number


def product_or_404(slug: str) -> Product:
    try:
        return selectors.product_get(slug=slug)
    except Product.DoesNotExist:
        raise Http404 from None


@require_safe
@public_page
def home(request: HttpRequest) -> HttpResponse:
    shelves = {
        "featured": selectors.product_featured(fresh=request.fresh),
        "popular": selectors.product_popular(fresh=request.fresh),
    }
    return render(request, "web/home.html", shelves)


@require_safe
@public_page
def category(request: HttpRequest, slug: str) -> HttpResponse:
    department = next((entry for entry in selectors.category_list() if entry["slug"] == slug), None)
    if department is None:
        raise Http404
    number, sort = page_number(request), choice(request, "sort", selectors.SORTS, "popular")
    try:
        page = selectors.product_page(category=slug, sort=sort, number=number, fresh=request.fresh)
    except EmptyPage:
        raise Http404 from None
    sorts = [(key, label) for key, (label, _) in selectors.SORTS.items()]
    context = {"department": department, "page": page, "sort": sort, "sorts": sorts, "query": f"sort={sort}&"}
    return render(request, "web/category.html", context)


@require_safe
@public_page
def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    if not form.is_valid():
        raise BadRequest("search")
    words, number = " ".join(form.cleaned_data["q"].split()), page_number(request)
    page = None
    if words:
        try:
            page = selectors.product_search(words=words, number=number, fresh=request.fresh)
        except EmptyPage:
            raise Http404 from None
    return render(request, "web/search.html", {"words": words, "page": page, "query": f"{urlencode({'q': words})}&"})


@require_safe
@public_page
def product(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        product = selectors.product_get(slug=slug)
    except Product.DoesNotExist:
        return gone(request, slug)
    reviews = selectors.review_page(product=product, number=page_number(request))
    if reviews["number"] > reviews["pages"]:
        raise Http404
    if request.method == "GET":
        product_views.add(product.pk)
    return render(request, "web/product.html", product_context(request, product, reviews))


def gone(request: HttpRequest, slug: str) -> HttpResponse:
    """410 for what was sold once. The edge may keep it, in the place of the page that was there before."""
    if not selectors.product_was_sold(slug=slug):
        raise Http404
    return render(request, "web/gone.html", status=410)


def product_context(request: HttpRequest, product: Product, reviews: dict, form: ReviewForm | None = None) -> dict:
    user = visitor(request)
    reviewed = bool(user) and selectors.review_exists(product=product, author=user)
    return {
        "product": product,
        "picture": selectors.picture_name(product.motif, product.slug),
        "reviews": reviews,
        "related": selectors.product_related(product=product),
        "cart_form": CartAddForm(),
        "reviewed": reviewed,
        "review_form": (form or ReviewForm()) if user and not reviewed else None,
    }
