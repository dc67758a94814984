"""The shop's addresses. Health and form tokens come from the library."""

from django.contrib import admin
from django.urls import include, path

from web.views import accounts, cart, catalogue, checkout, orders, pictures, reviews

urlpatterns = [
    path("", catalogue.home, name="home"),
    path("categories/<slug:slug>/", catalogue.category, name="category"),
    path("search/", catalogue.search, name="search"),
    path("products/<slug:slug>/", catalogue.product, name="product"),
    path("products/<slug:slug>/review/", reviews.review, name="review"),
    path("products/<slug:slug>/add/", cart.add, name="cart_add"),
    path("cart/", cart.cart, name="cart"),
    path("cart/items/<uuid:product_id>/", cart.change, name="cart_change"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<uuid:order_id>/", orders.order, name="order"),
    path("orders/<uuid:order_id>/cancel/", orders.cancel, name="order_cancel"),
    path("accounts/login/", accounts.Login.as_view(), name="login"),
    path("accounts/logout/", accounts.Logout.as_view(), name="logout"),
    path("accounts/register/", accounts.Register.as_view(), name="register"),
    path("pictures/<slug:motif>/<slug:slug>.<slug:digest>.svg", pictures.picture, name="picture"),
    path("robots.txt", pictures.robots, name="robots"),
    path("favicon.ico", pictures.favicon),
    path("admin/", admin.site.urls),
    path("", include("flotilla.keys.urls")),
    path("", include("flotilla.health.urls")),
]

handler400 = "web.views.errors.bad_request"
handler403 = "web.views.errors.permission_denied"
handler404 = "web.views.errors.page_not_found"
handler500 = "web.views.errors.server_error"
