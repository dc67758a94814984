"""The WSGI entry: /livez is answered before Django, from the process alone."""

import os
from collections.abc import Callable, Iterable
from typing import Any

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_livez(application: Wsgi) -> Wsgi:
    """Answer GET and HEAD /livez at once. A balancer's check must never depend on a database."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/livez":
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]

    return wrapped


def application_for(service: str) -> Wsgi:
    """The application of `service`, whose settings are `<service>.settings`."""
    from django.core.wsgi import get_wsgi_application

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{service}.settings")
    return with_livez(get_wsgi_application())
