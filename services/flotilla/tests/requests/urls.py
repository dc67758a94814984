"""Addresses of views with and without the mark. The tests' requests do not reach them: their marks are looked at."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from flotilla.keys.marks import idempotent


@idempotent
def marked(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@method_decorator(idempotent, name="dispatch")
class Marked(View):
    pass


urlpatterns = [path("marked/", marked), path("class/", Marked.as_view()), path("plain/", plain)]
