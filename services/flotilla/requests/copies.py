"""Copies of a request, so that running it leaves no trace for the next run."""

import copy

from django.http import HttpRequest


def fresh(request: HttpRequest) -> HttpRequest:
    """The request as it arrived. Its body must have been read, or be empty."""
    duplicate = copy.copy(request)
    duplicate.META = dict(request.META)
    duplicate.environ = duplicate.META
    return duplicate
