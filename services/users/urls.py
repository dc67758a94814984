"""The users' addresses. Health comes from the library."""

from django.urls import include, path

from flotilla.api.schema import schema_view
from users.apis import MeView, OrdersView, RefreshView, TokenView, UsersView

urlpatterns = [
    path("users/", UsersView.as_view(), name="users"),
    path("users/me/", MeView.as_view(), name="me"),
    path("users/<uuid:user_id>/orders/", OrdersView.as_view(), name="user_orders"),
    path("auth/token/", TokenView.as_view(), name="token"),
    path("auth/refresh/", RefreshView.as_view(), name="refresh"),
    path("schema/", schema_view, name="schema"),
    path("", include("flotilla.health.urls")),
]

handler400 = "flotilla.api.problems.handler400"
handler403 = "flotilla.api.problems.handler403"
handler404 = "flotilla.api.problems.handler404"
handler500 = "flotilla.api.problems.handler500"
