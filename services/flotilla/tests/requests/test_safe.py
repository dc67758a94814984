"""From the outermost middleware in: headers, what never reaches a view, pages that are run again."""

import json
import threading
from dataclasses import replace

import psycopg
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from flotilla import context, metrics
from flotilla.requests import answers, rerun
from flotilla.requests.inputs import AddressMiddleware
from flotilla.tests.requests.asking import View, ask, counted, django_error

pytestmark = pytest.mark.django_db

# -- Headers


def test_headers_of_an_answer():
    seen = {}

    def view(request):
        state = context.current()
        seen.update(policy=state.policy, left=state.remaining(), primary=state.prefer_primary)
        state.aliases.add("replica_2")
        return HttpResponse("ok")

    response = ask(view, path="/admin/", HTTP_X_REQUEST_ID="edge-request-1")
    assert response["X-Request-ID"] == "edge-request-1"
    assert 'db;desc="replica_2"' in response["Server-Timing"]
    assert response["X-Served-By"] == "web-1"
    assert seen["policy"] is context.Policy.FAIL_FAST
    assert 39 < seen["left"] <= 40
    assert seen["primary"]
    assert context.current() is None


def test_a_4xx_is_logged_with_the_id(caplog):
    ask(View(HttpResponse(status=404)), path="/nothing/")
    assert [record.message for record in caplog.records if record.name == "django.request"] == ["Not Found: /nothing/"]


# -- What never reaches a view


@pytest.mark.parametrize("path", ["/?q=%ff", "/?q=a%00b", "/%00/"])
def test_broken_urls(path):
    view = View(HttpResponse())
    assert ask(view, path=path).status_code == 400
    assert view.seen == []


def test_too_long_urls():
    assert ask(View(HttpResponse()), path="/?q=" + "x" * 8001).status_code == 414


def test_who_hands_bodies_on_looks_at_the_address_only():
    def asked(path):
        request = RequestFactory().post(path, b"\xff\0", content_type=FORM)
        response = AddressMiddleware(lambda request: HttpResponse("ok"))(request)
        assert not request._read_started
        return response.status_code

    assert [asked(path) for path in ("/", "/?q=%ff", "/?q=" + "x" * 8001)] == [200, 400, 414]


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=%ff", FORM, 400),
        (b"a=%00", FORM, 400),
        (b"--x\r\n", "multipart/form-data", 400),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\0\r\n--x--', "multipart/form-data; boundary=x", 400),
        (b"x" * 2_000_001, FORM, 413),
        (b"&".join(b"a%d=1" % n for n in range(600)), FORM, 400),
        (b'{"a": 1}', "application/json", 200),
    ],
)
def test_bodies(settings, body, content_type, status):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000_000, 500
    assert ask(View(HttpResponse("ok")), "post", "/x/", body, content_type=content_type).status_code == status


# -- Safe requests


def test_a_page_that_meets_a_lost_database_is_run_again_elsewhere():
    def lost(request):
        state = context.current()
        state.replica = "replica_2"
        state.avoid.add("replica_2")
        request.META["seen"] = True
        raise django_error()

    def found(request):
        assert context.current().replica is None
        assert "seen" not in request.META
        return HttpResponse("ok")

    view = View(lost, found)
    assert ask(view).status_code == 200
    assert len(view.seen) == 2
    assert view.seen[0] is not view.seen[1]


def test_the_connections_that_failed_are_closed(monkeypatch):
    class Link:
        closed = 0

        def close(self):
            self.closed += 1

    def lost(request):
        context.current().avoid.update({"replica_2", "gone"})
        raise django_error()

    links = {"replica_2": Link(), "replica_3": Link()}
    monkeypatch.setattr(rerun, "connections", links)
    assert ask(View(lost, HttpResponse("ok"))).status_code == 200
    assert [link.closed for link in links.values()] == [1, 0]


def test_a_read_that_a_replica_cancelled_avoids_it():
    def cancelled(request):
        context.current().replica = "replica_3"
        raise django_error(psycopg.errors.SerializationFailure("conflict with recovery"))

    def elsewhere(request):
        assert "replica_3" in context.current().avoid
        return HttpResponse("ok")

    assert ask(View(cancelled, elsewhere)).status_code == 200


def test_a_page_gives_up_after_three_runs():
    view, before = View(django_error()), counted(metrics.UNAVAILABLE, "safe")
    response = ask(view)
    assert (response.status_code, response["Retry-After"], len(view.seen)) == (503, "5", 3)
    assert counted(metrics.UNAVAILABLE, "safe") == before + 1


def test_a_page_gives_up_at_its_deadline(settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, request_seconds=0.0)
    view = View(django_error())
    assert ask(view).status_code == 503
    assert len(view.seen) == 1


def test_other_errors_are_500_and_logged_once(caplog):
    response = ask(View(ValueError("boom")))
    assert response.status_code == 500
    assert "boom" not in response.content.decode()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert ask(View(django_error(psycopg.errors.UndefinedTable("no table")))).status_code == 500


def test_500_in_development_shows_the_traceback(settings):
    settings.DEBUG = True
    assert "boom" in ask(View(ValueError("boom"))).content.decode()


def test_an_api_gets_problem_details():
    response = ask(View(ValueError("boom")), path="/api/x/", HTTP_X_REQUEST_ID="edge-request-1")
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["request_id"] == "edge-request-1"


def test_the_services_template_is_used_when_it_has_one(tmp_path, settings):
    (tmp_path / "503.html").write_text("ours: {{ request_id }}")
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}]
    assert ask(View(django_error()), HTTP_X_REQUEST_ID="edge-request-1").content == b"ours: edge-request-1"


def test_a_broken_template_does_not_hide_the_answer(tmp_path, settings, caplog):
    (tmp_path / "503.html").write_text("{% no such tag %}")
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}]
    response = ask(View(django_error()))
    assert (response.status_code, b"Back in a moment" in response.content) == (503, True)


# -- Around them


def test_requests_in_other_threads_have_their_own_state():
    states = []

    def serve():
        ask(lambda request: states.append(context.current()) or HttpResponse())

    threads = [threading.Thread(target=serve) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(state) for state in states}) == 3


def test_answers_outside_of_a_request():
    assert b"Request -" in answers.refuse(RequestFactory().get("/"), 400, "no").content
