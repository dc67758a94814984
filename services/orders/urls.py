"""The orders' addresses. Health comes from the library."""

from django.urls import include, path

from flotilla.api.schema import schema_view
from orders.apis import CancelView, OrdersOfUserView, OrdersView, OrderView

urlpatterns = [
    path("orders/", OrdersView.as_view(), name="orders"),
    path("orders/<uuid:order_id>/", OrderView.as_view(), name="order"),
    path("orders/<uuid:order_id>/cancel/", CancelView.as_view(), name="order_cancel"),
    path("internal/users/<uuid:user_id>/orders/", OrdersOfUserView.as_view(), name="orders_of_user"),
    path("schema/", schema_view, name="schema"),
    path("", include("flotilla.health.urls")),
]

handler400 = "flotilla.api.problems.handler400"
handler403 = "flotilla.api.problems.handler403"
handler404 = "flotilla.api.problems.handler404"
handler500 = "flotilla.api.problems.handler500"
