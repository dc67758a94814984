"""`path("", include("flotilla.health.urls"))`."""

from django.urls import path

from flotilla.health.views import health, readyz

urlpatterns = [path("health/", health, name="health"), path("readyz", readyz, name="readyz")]
