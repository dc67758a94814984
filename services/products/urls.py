"""The products' addresses. Health comes from the library."""

from django.urls import include, path

from flotilla.api.schema import schema_view
from products.apis import ProductsView, ProductView

urlpatterns = [
    path("products/", ProductsView.as_view(), name="products"),
    path("products/<uuid:product_id>/", ProductView.as_view(), name="product"),
    path("schema/", schema_view, name="schema"),
    path("", include("flotilla.health.urls")),
]

handler400 = "flotilla.api.problems.handler400"
handler403 = "flotilla.api.problems.handler403"
handler404 = "flotilla.api.problems.handler404"
handler500 = "flotilla.api.problems.handler500"
