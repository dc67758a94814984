"""Refusals are problem details with the request's id; what is none travels on to who runs requests again."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions
from rest_framework.permissions import IsAuthenticated

from flotilla.api import problems
from flotilla.tests.api.making import body, served, view
from flotilla.tests.requests.asking import View as Scripted
from flotilla.tests.requests.asking import ask, django_error

pytestmark = pytest.mark.django_db


def raising(exception, **options):
    def handle(request):
        raise exception

    return view(handle, **options)


@pytest.mark.parametrize(
    ("exception", "status", "title", "detail"),
    [
        (Http404(), 404, "Not Found", "Not found."),
        (PermissionDenied(), 403, "Forbidden", "You do not have permission to perform this action."),
        (exceptions.ParseError("JSON parse error"), 400, "Bad Request", "JSON parse error"),
        (problems.Conflict("Taken."), 409, "Conflict", "Taken."),
        (exceptions.Throttled(7, "Slower."), 429, "Too Many Requests", "Slower. Expected available in 7 seconds."),
    ],
)
def test_a_refusal_is_problem_details(exception, status, title, detail):
    response = served(raising(exception), HTTP_X_REQUEST_ID="edge-request-1")
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert response.get("Retry-After") == ("7" if status == 429 else None)
    assert body(response) == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": "edge-request-1",
    }
    assert response.status_code == status


def test_errors_of_fields_are_a_flat_list():
    detail = {
        "name": ["Too long.", "Too odd."],
        "items": [{}, {"quantity": ["Too many."]}],
        "tags": {1: ["No tag."]},
        "non_field_errors": ["Not together."],
    }
    response = served(raising(exceptions.ValidationError(detail)))
    assert response.status_code == 400
    assert body(response)["errors"] == [
        {"field": "name", "detail": "Too long."},
        {"field": "name", "detail": "Too odd."},
        {"field": "items[1].quantity", "detail": "Too many."},
        {"field": "tags[1]", "detail": "No tag."},
        {"field": "", "detail": "Not together."},
    ]
    assert body(served(raising(exceptions.ValidationError("No."))))["errors"] == [{"field": "", "detail": "No."}]


def test_a_method_that_a_view_does_not_have():
    response = served(view(lambda request: {}), "delete")
    assert response.status_code == 405
    assert response["Allow"].split(", ")[0] == "GET"
    assert 'Method "DELETE" not allowed' in body(response)["detail"]


def test_nobody_is_401_and_told_how():
    response = served(view(lambda request: {}, IsAuthenticated))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "X-Identity"


def test_who_accepts_no_json_is_told_so_in_json():
    response = served(view(lambda request: {}), HTTP_ACCEPT="text/html")
    assert response.status_code == 406
    assert body(response)["status"] == 406


def test_quoted_input_that_is_no_text_can_be_written():
    assert body(served(raising(problems.Conflict("\ud800"))))["detail"] == "\ud800"


# -- What is no refusal


def test_a_mistake_is_500_in_json_and_logged_once(caplog):
    assert served(raising(ValueError("boom"))).status_code == 500
    caplog.clear()
    response = ask(Scripted(ValueError("boom")), HTTP_ACCEPT="text/html")  # whatever is asked for
    assert response.status_code == 500
    assert body(response)["detail"] == "Something went wrong on our side."
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_lost_database_makes_the_request_run_again():
    errors = [django_error(), django_error()]

    def handle(request):
        if errors:
            raise errors.pop()
        return {"well": True}

    assert body(served(view(handle))) == {"well": True}
    errors = [django_error()]
    assert body(served(view(handle, method="post"), "post", {})) == {"well": True}


def test_a_database_that_stays_away_is_503_in_json():
    response = served(raising(django_error()))
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert body(response)["title"] == "Service Unavailable"


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_never_reaches_a_view_is_json_too(status):
    response = getattr(problems, f"handler{status}")(RequestFactory().get("/"), Exception())
    assert (response.status_code, body(response)["status"]) == (status, status)
    assert body(problems.handler500(RequestFactory().get("/")))["request_id"] == "-"


def test_a_schema_lists_what_any_request_can_be_answered():
    documented = problems.documented(404)
    assert {status for status, _ in documented} == {*problems.ANY, 404}
    assert {media for _, media in documented} == {"application/problem+json"}
    assert "errors" in problems.Problem().fields
