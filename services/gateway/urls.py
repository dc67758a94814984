"""The gateway's addresses: its own few, and all others below /api/, which routes.py knows. Health is the library's."""

from django.urls import include, path, re_path

from gateway.apis import docs, forward, schema

urlpatterns = [
    path("api/schema/", schema, name="schema"),
    path("api/docs/", docs, name="docs"),
    re_path("^api/", forward, name="forward"),
    path("", include("flotilla.health.urls")),
]

handler400 = "flotilla.api.problems.handler400"
handler403 = "flotilla.api.problems.handler403"
handler404 = "flotilla.api.problems.handler404"
handler500 = "flotilla.api.problems.handler500"
