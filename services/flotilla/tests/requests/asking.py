"""Requests sent through the whole of the library's chain to a view that answers as scripted."""

import psycopg
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from flotilla.requests.inputs import InputMiddleware
from flotilla.requests.middleware import RequestMiddleware
from flotilla.requests.rerun import RerunMiddleware

LOST = psycopg.OperationalError("server closed the connection unexpectedly")


def django_error(driver=LOST, cls=OperationalError):
    error = cls(str(driver))
    error.__cause__ = driver
    return error


class View:
    """Answers what is scripted, one item a call: a response, or an exception to raise."""

    def __init__(self, *script):
        self.script, self.seen = list(script), []

    def __call__(self, request):
        self.seen.append(request)
        item = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(item, Exception):
            raise item
        return item(request) if callable(item) else item


def ask(view, method="get", path="/", data=None, **extra):
    chain = RequestMiddleware(InputMiddleware(RerunMiddleware(view)))
    return chain(getattr(RequestFactory(), method)(path, data, **extra))


def post(view, data=None, key="0123456789", **extra):
    return ask(view, "post", "/x/", data or {"a": "1"}, HTTP_IDEMPOTENCY_KEY=key, **extra)


def created(text="made", status=201):
    response = HttpResponse(text, status=status, headers={"Location": "/made/1", "X-Request-ID": "other"})
    response.set_cookie("cart", "abc", max_age=60, httponly=True)
    return response


def counted(metric, *labels):
    return (metric.labels(*labels) if labels else metric)._value.get()
