"""One schema of all services: it is the merge of theirs, it tells what callers see, and people can browse it."""

import json
import re

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.management import call_command

from gateway import merging
from gateway.routes import ROUTES, Who

DOCUMENTS = merging.documents()
MERGED = yaml.safe_load(merging.COMMITTED.read_text())
DESCRIBED = [route for route in ROUTES if route.service in DOCUMENTS]


def operation(route):
    shape = merging._shape(f"/api/{route.path}")
    (path,) = (path for path in MERGED["paths"] if merging._shape(path) == shape)
    return MERGED["paths"][path][route.method.lower()]


def test_what_is_committed_is_the_merge_of_the_services_schemas():
    assert {"products", "orders"} <= DOCUMENTS.keys()
    made = merging.text(merging.merged(DOCUMENTS))
    assert made == merging.COMMITTED.read_text(), "write it anew: manage.py merge_openapi"


def test_it_has_the_routes_and_nothing_else():
    operations = [(path, method) for path, methods in MERGED["paths"].items() for method in methods]
    assert len(operations) == len(DESCRIBED)
    text = merging.COMMITTED.read_text()
    assert "internal" not in "".join(MERGED["paths"])
    assert "X-Identity" not in text
    assert all(path.startswith("/api/") for path, _ in operations)


@pytest.mark.parametrize("route", DESCRIBED, ids=lambda route: route.name)
def test_an_operation_says_who_may_call_and_what_the_gateway_answers(route):
    found = operation(route)
    known = route.who in (Who.USER, Who.STAFF)
    assert found.get("security") == ([{"bearer": []}] if known else None)
    wanted = {"429", "502", "503", "504"} | ({"401"} if route.who is not Who.STRANGER else set())
    wanted |= {"403"} if route.who is Who.STAFF else set()
    wanted |= {"411", "413"} if "requestBody" in found else set()
    assert wanted <= found["responses"].keys()


def test_every_reference_leads_somewhere():
    named = set(re.findall(r"#/components/schemas/(\w+)", merging.COMMITTED.read_text()))
    assert named <= MERGED["components"]["schemas"].keys()
    assert MERGED["components"]["securitySchemes"].keys() == {"bearer"}


def made(**schemas):
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
    operation = {"operationId": "x", "security": [{"identity": []}], "responses": {"200": {"content": content}}}
    paths: dict = {route.path: {} for route in ROUTES}
    for route in ROUTES:
        paths[route.path][route.method.lower()] = operation
    return {
        "paths": {f"/{path}": methods for path, methods in paths.items()},
        "components": {"schemas": {"Status": {"type": "string"}, **schemas}},
    }


def test_two_that_call_different_things_the_same_are_told_apart():
    other = made(Other={"type": "object"})
    other["components"]["schemas"]["Status"] = {"type": "integer"}
    document = merging.merged({"products": made(), "orders": other})
    schemas = document["components"]["schemas"]
    assert (schemas["Status"], schemas["OrdersStatus"]) == ({"type": "string"}, {"type": "integer"})

    def of(path):
        return document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]

    assert of("/api/products/") == "#/components/schemas/Status"
    assert of("/api/orders/") == "#/components/schemas/OrdersStatus"


def test_a_route_that_its_service_does_not_describe_is_an_error():
    document = made()
    del document["paths"]["/orders/"]
    with pytest.raises(KeyError):
        merging.merged({"orders": document})


# -- Served


def test_it_is_served_to_anybody(client, service):
    response = client.get("/api/schema/")
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == MERGED
    assert "public" in response["Cache-Control"]
    assert service.seen == []


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_it_is_only_read(client, path):
    assert client.head(path).status_code == 200
    response = client.post(path)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response["Content-Type"] == "application/problem+json"


def test_the_page_takes_all_it_needs_from_here(client):
    """The edge's policy allows own scripts and styles only, and none within the page."""
    page = client.get("/api/docs/").content.decode()
    links = re.findall(r'(?:src|href|data-schema)="([^"]+)"', page)
    assert len(links) == 5
    assert all(link.startswith("/api/") for link in links)
    assert not re.search(r"<script>|<style|style=|\son\w+=", page)


def test_its_files_are_where_the_page_looks_for_them(client):
    page = client.get("/api/docs/").content.decode()
    files = re.findall(r'"/api/static/([^"]+)"', page)
    assert len(files) == 3
    assert all(finders.find(name) for name in files)


def test_the_command_writes_it(monkeypatch, tmp_path):
    monkeypatch.setattr(merging, "COMMITTED", tmp_path / "openapi.yaml")
    call_command("merge_openapi", verbosity=0)
    assert (tmp_path / "openapi.yaml").read_text() == merging.text(MERGED)
