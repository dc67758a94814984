"""`path("", include("flotilla.keys.urls"))`."""

from django.urls import path

from flotilla.keys.views import form_token

urlpatterns = [path("form-token/", form_token, name="form_token")]
