"""One OpenAPI document of all services, as the gateway's callers see it: only what the table of routes leads to, below
/api/, with access tokens in place of what is signed between services, and with what the gateway itself answers.

manage.py merge_openapi      after a service's openapi.yaml, or the table, has changed
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from gateway.routes import ROUTES, SERVICES, Route, Who

SERVICES_FOLDER = Path(__file__).parents[1]
COMMITTED = Path(__file__).with_name("openapi.yaml")

INFO = {
    "title": "Flotilla",
    "version": "1",
    "description": "Errors are problem details (RFC 9457) with the request's id. Lists come in pages by cursor: the "
    "`next` of one is the `page` of the following. An answer's `X-Consistency-Token`, sent along, lets later reads see "
    "its write.",
}
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The `access` of /api/auth/token/."}
LIMITED = (429, 502, 503, 504)  # whatever is asked: too much at the edge, or a service that cannot be asked
WITH_BODY = (411, 413)

Json = dict[str, Any]


def documents(folder: Path = SERVICES_FOLDER) -> dict[str, Json]:
    """Service -> its document, of those that are there: an image has only its own."""
    paths = {name: folder / name / "openapi.yaml" for name in SERVICES}
    return {name: yaml.safe_load(path.read_text()) for name, path in paths.items() if path.exists()}


def merged(documents: dict[str, Json]) -> Json:
    """Raises KeyError for a route that its service's document does not know."""
    schemas: Json = {}
    paths: dict[str, Json] = {}
    for service, document in documents.items():
        document = _renamed(service, document, schemas)
        schemas |= document["components"]["schemas"]
        known = {_shape(path): path for path in document["paths"]}
        for route in (route for route in ROUTES if route.service == service):
            path = known[_shape(f"/{route.path}")]
            paths.setdefault(f"/api{path}", {})[route.method.lower()] = _operation(document["paths"][path], route)
    return {
        "openapi": "3.0.3",
        "info": INFO,
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": {"bearer": BEARER}},
    }


def text(document: Json) -> str:
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


class _Plain(yaml.SafeDumper):
    """What occurs twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _shape(path: str) -> str:
    """A path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _operation(operations: Json, route: Route) -> Json:
    operation = dict(operations[route.method.lower()])
    operation.pop("security", None)
    if route.who in (Who.USER, Who.STAFF):
        operation["security"] = [{"bearer": []}]
    own = LIMITED + (WITH_BODY if "requestBody" in operation else ())
    own += () if route.who is Who.STRANGER else (401,)
    own += (403,) if route.who is Who.STAFF else ()
    responses = operation["responses"] | {str(status): _problem() for status in own}
    return operation | {"responses": dict(sorted(responses.items()))}


def _problem() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "", "content": {"application/problem+json": {"schema": schema}}}


def _renamed(service: str, document: Json, taken: Json) -> Json:
    """With the service's name before what another one calls the same and means otherwise."""
    own = document["components"]["schemas"]
    names = {name: f"{service.capitalize()}{name}" for name in own if name in taken and taken[name] != own[name]}
    return _replaced(document, names) if names else document


def _replaced(part: Any, names: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return dict(_items(part, names))
    if isinstance(part, list):
        return [_replaced(item, names) for item in part]
    return part


def _items(part: Json, names: dict[str, str]) -> Iterable[tuple[str, Any]]:
    for key, value in part.items():
        if key == "$ref":
            place, _, name = value.rpartition("/")
            yield key, f"{place}/{names.get(name, name)}"
        elif key == "schemas":
            yield key, {names.get(name, name): _replaced(schema, names) for name, schema in value.items()}
        else:
            yield key, _replaced(value, names)
