"""From the outermost middleware in: what is refused, run again, stored, replayed; and what the answer says of it."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.core import signing
from django.db import OperationalError, connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.utils import timezone

from flotilla import context, metrics
from flotilla.db import position, primaries
from flotilla.db.backend.base import CommitInDoubt, PrimaryUnavailable
from flotilla.env import Env
from flotilla.keys import identity, run, store
from flotilla.keys.models import RequestKey
from flotilla.keys.templatetags.request_key import request_key
from flotilla.keys.views import form_token
from flotilla.requests import answers, rerun
from flotilla.requests.inputs import InputMiddleware
from flotilla.requests.middleware import RequestMiddleware
from flotilla.requests.rerun import RerunMiddleware

pytestmark = pytest.mark.django_db
LOST = psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.fixture(autouse=True)
def plain(settings, monkeypatch):
    settings.FLOTILLA = Env(trusted_proxies=("127.0.0.1",))
    settings.DEBUG = False
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    settings.ROOT_URLCONF = "flotilla.keys.urls"
    monkeypatch.setattr(run, "PRUNE_EVERY", 10**9)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


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
    assert response["X-Served-By"]
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


# -- Unsafe requests


def test_the_same_request_twice_is_one_with_one_answer():
    view, before = View(created()), counted(metrics.KEY_REPLAYS)
    first, second = post(view), post(view)
    assert len(view.seen) == 1
    assert counted(metrics.KEY_REPLAYS) == before + 1
    for response in (first, second):
        assert (response.status_code, response.content, response["Location"]) == (201, b"made", "/made/1")
        assert response.cookies["cart"].value == "abc"
        assert response.cookies["cart"]["httponly"]
    assert first["X-Request-ID"] != second["X-Request-ID"]


def test_the_key_is_the_header_the_field_or_the_edges_id():
    view = View(lambda request: created())
    assert ask(view, "post", "/x/", {"request_key": "form-key-1", "a": "1"}).status_code == 201
    ask(view, "post", "/x/", {"request_key": "form-key-1", "a": "1", "csrfmiddlewaretoken": "another"})
    assert len(view.seen) == 1
    for _ in range(2):
        ask(view, "post", "/x/", {"a": "1"}, HTTP_X_REQUEST_ID="edge-request-1")
    assert len(view.seen) == 2
    ask(view, "post", "/x/", {"a": "1"})
    assert len(view.seen) == 3


def test_another_body_under_the_same_key_is_422():
    view = View(created())
    post(view)
    assert post(view, {"a": "2"}).status_code == 422
    assert len(view.seen) == 1


def test_a_key_that_cannot_be_one_is_400():
    assert post(View(created()), key="short").status_code == 400


def test_another_client_does_not_get_the_answer():
    view = View(lambda request: created())
    for cookie in ("sessionid=alice", "sessionid=bob", "csrftoken=x"):
        post(view, HTTP_COOKIE=cookie)
    post(view, HTTP_AUTHORIZATION="Bearer t")
    post(view, HTTP_USER_AGENT="other")
    assert len(view.seen) == 5


@pytest.mark.parametrize("status", [400, 409, 500])
def test_refusals_store_nothing_and_roll_back(status):
    def refuse(request):
        RequestKey.objects.create(id="00000000-0000-0000-0000-000000000001", fingerprint=b"")
        return HttpResponse(status=status)

    view = View(refuse, created())
    assert post(view).status_code == status
    assert RequestKey.objects.count() == 0
    assert post(view).status_code == 201


def test_a_transaction_broken_before_commit_is_run_again():
    view, before = View(django_error(), created()), counted(metrics.RERUNS, "unsafe")
    assert post(view).status_code == 201
    assert (len(view.seen), RequestKey.objects.count()) == (2, 1)
    assert counted(metrics.RERUNS, "unsafe") == before + 1


def test_a_lost_conflict_is_run_again():
    view = View(django_error(psycopg.errors.DeadlockDetected("deadlock")), created())
    assert post(view).status_code == 201


def test_a_commit_whose_answer_was_lost_is_looked_up(monkeypatch):
    """The first run commits, and hears nothing: the second finds the key."""
    once, view = run._once, View(created())

    def deaf(*args):
        monkeypatch.setattr(run, "_once", once)
        once(*args)
        raise django_error(cls=CommitInDoubt)

    monkeypatch.setattr(run, "_once", deaf)
    assert post(view).content == b"made"
    assert len(view.seen) == 1


def test_503_when_there_is_no_primary_in_time(settings):
    assert post(View(PrimaryUnavailable("none"))).status_code == 503
    settings.FLOTILLA = replace(settings.FLOTILLA, write_hold_seconds=0.0)
    assert post(View(django_error())).status_code == 503
    settings.FLOTILLA = replace(settings.FLOTILLA, request_seconds=0.1)
    response = post(View(django_error(psycopg.errors.DeadlockDetected("deadlock"))))
    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_a_database_error_of_the_view_is_500_and_writes_nothing():
    assert post(View(django_error(psycopg.errors.UndefinedTable("no table")))).status_code == 500
    assert RequestKey.objects.count() == 0


def test_a_streamed_answer_is_stored_whole():
    view = View(lambda request: StreamingHttpResponse([b"a", b"b"]))
    assert [post(view).content, post(view).content] == [b"ab", b"ab"]


def test_uploads_count_by_content(tmp_path):
    def upload(text):
        path = tmp_path / "file.txt"
        path.write_text(text)
        with path.open("rb") as file:
            return post(view, {"file": file})

    view = View(created())
    assert [upload("a").status_code, upload("a").status_code, upload("b").status_code] == [201, 201, 422]


def test_old_keys_are_pruned(monkeypatch):
    monkeypatch.setattr(run, "PRUNE_EVERY", 1)
    old = timezone.now() - store.KEPT - timedelta(minutes=1)
    RequestKey.objects.create(id="00000000-0000-0000-0000-000000000001", fingerprint=b"", created_at=old)
    post(View(created()))
    assert RequestKey.objects.count() == 1
    monkeypatch.setattr(store, "prune", lambda: (_ for _ in ()).throw(django_error()))
    assert post(View(created()), key="another-key").status_code == 201


def test_on_postgres_the_claim_is_patient(monkeypatch):
    """One round trip: bounds, insert, bounds back; the insert's count is the third result."""
    statements = []

    class Cursor:
        rowcount = 1

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            pass

        def execute(self, sql, params):
            statements.append((sql, params))

        def nextset(self):
            statements.append("next")

    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(connection, "cursor", Cursor)
    assert store.claim(identity.identity("s", "k"), b"f")
    sql, params = statements[0]
    assert "lock_timeout = '1s'" in sql
    assert params[0] == 10_000
    assert statements[1:] == ["next", "next"]


def test_identity_keeps_parts_apart():
    assert identity.identity("ab", "c") != identity.identity("a", "bc")
    assert identity.fingerprint("POST", "/", [b"a", b"b"]) != identity.fingerprint("POST", "/", [b"ab"])
    assert identity.form_parts([("b", ["1"]), ("a", ["2"])]) == identity.form_parts([("a", ["2"]), ("b", ["1"])])


def test_form_token_and_tag():
    response = form_token(RequestFactory().get("/"))
    assert response["Cache-Control"] == "no-store"
    assert {*json.loads(response.content)} == {"csrf_token", "request_key"}
    assert request_key().startswith('<input type="hidden" name="request_key"')
    assert request_key() != request_key()


# -- Positions


class FakePrimary:
    def __init__(self, *found):
        self.found = list(found)

    def wait(self, until):
        return self.found.pop(0)


def test_a_position_is_signed_and_expires(settings):
    token = position.encode(0x30)
    assert position.decode(token) == 0x30
    assert position.decode(token + "x") is None
    assert position.decode(signing.TimestampSigner(salt="flotilla.db.position").sign("nonsense")) is None
    settings.FLOTILLA = replace(settings.FLOTILLA, consistency_seconds=-1)
    assert position.decode(token) is None


def test_a_write_gives_its_position_to_the_client(settings, monkeypatch):
    settings.FLOTILLA = replace(settings.FLOTILLA, database_hosts=("h",), database_replicas=(1,))
    monkeypatch.setattr(position, "current", lambda state: 0x30)
    response = post(View(created()))
    assert position.decode(response["X-Consistency-Token"]) == 0x30
    assert response.cookies["consistency"].value == response["X-Consistency-Token"]
    seen = []
    ask(
        lambda request: seen.append(context.current().position) or HttpResponse(),
        HTTP_COOKIE="consistency=" + response["X-Consistency-Token"],
    )
    assert seen == [0x30]
    assert "consistency" not in post(View(HttpResponse(status=400)), key="another-key").cookies


def test_a_position_is_waited_for_like_a_write(monkeypatch):
    answers_ = [django_error(), None]

    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            pass

        def execute(self, sql):
            if error := answers_.pop(0):
                raise error

        def fetchone(self):
            return (0x30,)

    class Connection:
        cursor = Cursor
        closed = 0

        def close(self):
            self.closed += 1

    fake = Connection()
    monkeypatch.setattr(position, "connections", {"default": fake})
    monkeypatch.setattr(primaries, "of", lambda alias: FakePrimary(True))
    hold = context.RequestState(policy=context.Policy.HOLD)
    assert position.current(hold) == 0x30
    assert fake.closed == 1
    answers_[:] = [django_error()]
    monkeypatch.setattr(primaries, "of", lambda alias: FakePrimary(False))
    assert position.current(hold) == position.BEYOND
    answers_[:] = [django_error()]
    assert position.current(context.RequestState()) == position.BEYOND


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
