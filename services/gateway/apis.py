"""The gateway's views: all requests of the API, its schema, and a page to browse it."""

import json
from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path

import yaml
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render

from flotilla.requests import answers
from gateway import bodies, metrics, routes
from gateway.headers import outwards
from gateway.refusals import Refused
from gateway.routes import Route
from gateway.services import request_forward
from gateway.upstreams import Answer

PREFIX = "/api/"
SCHEMA = Path(__file__).with_name("openapi.yaml")


def forward(request: HttpRequest) -> HttpResponseBase:
    """To the service that the table of routes names."""
    route = None
    try:
        path = request.path_info.removeprefix(PREFIX)
        route = routes.find(request.method or "", path)
        response = _handed_on(request, request_forward(request=request, route=route, path=path))
    except Refused as refused:
        response = _refusal(request, refused)
    _count(route, response.status_code)
    return response


def reading(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponseBase]:
    """For the gateway's own views: they are read, and the same for everybody."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        try:
            routes.only(request.method or "", "GET", "HEAD")
        except Refused as refused:
            return _refusal(request, refused)
        return _with(view(request), {"Cache-Control": "public, max-age=300"})

    return checked


@reading
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI of all services together, as callers of the gateway see them."""
    return HttpResponse(_schema(), content_type="application/json")


@reading
def docs(request: HttpRequest) -> HttpResponse:
    """The schema for people: to read, and to try."""
    return render(request, "gateway/docs.html")


@cache
def _schema() -> bytes:
    return json.dumps(yaml.safe_load(SCHEMA.read_text())).encode()


def _handed_on(request: HttpRequest, answer: Answer) -> HttpResponseBase:
    whole = answer.is_whole
    response = (
        HttpResponse(answer.content, status=answer.status)
        if whole
        else StreamingHttpResponse(answer, status=answer.status)
    )
    del response["Content-Type"]
    headers = outwards(answer.headers)
    if "Content-Length" in answer.headers and (not whole or request.method == "HEAD"):
        headers["Content-Length"] = answer.headers["Content-Length"]
    return _with(response, headers)


def _refusal(request: HttpRequest, refused: Refused) -> HttpResponseBase:
    bodies.drop(request)
    return _with(answers.refuse(request, refused.status, refused.detail), refused.headers)


def _with(response: HttpResponseBase, headers: Mapping[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response[name] = value
    return response


def _count(route: Route | None, status: int) -> None:
    name, service = (route.name, route.service) if route else ("none", "none")
    metrics.REQUESTS.labels(name, service, status).inc()
