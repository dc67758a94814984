"""Requests that write: one execution and one answer under a key."""

import json
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from flotilla import context, limiter, metrics
from flotilla.db.backend.base import CommitInDoubt, PrimaryUnavailable
from flotilla.db.backend.connection import ServerSilent
from flotilla.keys import identity, run, store
from flotilla.keys.models import RequestKey
from flotilla.keys.templatetags.request_key import request_key
from flotilla.keys.views import form_token
from flotilla.tests.requests.asking import View, ask, counted, created, django_error, post

pytestmark = pytest.mark.django_db


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


def test_a_server_without_room_is_asked_again_later_while_others_go_on(monkeypatch, settings):
    """The one turn there is goes to another request meanwhile; without it this one would never end."""
    settings.FLOTILLA = replace(settings.FLOTILLA, writes_at_once=1)
    pauses, other, view = [], View(created()), View(django_error(psycopg.errors.DiskFull("no room")), created())

    def sleep(seconds):
        pauses.append(seconds)
        assert post(other, key="another-key").status_code == 201

    monkeypatch.setattr(run.time, "sleep", sleep)
    assert (post(view).status_code, len(view.seen)) == (201, 2)
    assert 1 <= pauses[0] <= 2


def test_503_when_the_server_has_no_room_in_time(settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, write_hold_seconds=0.0)
    assert post(View(django_error(psycopg.errors.DiskFull("no room")))).status_code == 503
    settings.FLOTILLA = replace(settings.FLOTILLA, write_hold_seconds=1.0, request_seconds=2.0)
    assert post(View(django_error(psycopg.errors.DiskFull("no room")))).status_code == 503


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


@pytest.mark.parametrize("hold_seconds", [30.0, 0.0])
def test_a_silent_commit_is_settled_by_the_key(monkeypatch, settings, hold_seconds):
    """Dropped after its bound, it still goes on: the next run waits at the claim, then finds the answer. One effect."""
    settings.FLOTILLA = replace(settings.FLOTILLA, write_hold_seconds=hold_seconds)
    once, view = run._once, View(created())

    def deaf(*args):
        once(*args)
        raise django_error(ServerSilent("no answer"), cls=CommitInDoubt)

    def still_committing(*args):
        raise django_error(psycopg.errors.LockNotAvailable("the first arrival has the key"))

    script = [deaf, still_committing, once]
    monkeypatch.setattr(run, "_once", lambda *args: script.pop(0)(*args))
    assert post(view).content == b"made"
    assert (len(view.seen), RequestKey.objects.count()) == (1, 1)


def test_503_when_there_is_no_primary_in_time(settings):
    assert post(View(PrimaryUnavailable("none"))).status_code == 503
    settings.FLOTILLA = replace(settings.FLOTILLA, write_hold_seconds=0.0)
    assert post(View(django_error())).status_code == 503
    settings.FLOTILLA = replace(settings.FLOTILLA, request_seconds=0.1)
    response = post(View(django_error(psycopg.errors.DeadlockDetected("deadlock"))))
    assert (response.status_code, response["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("seconds", [0.1, 1.9])
def test_409_when_the_first_arrival_is_still_at_work_at_the_deadline(monkeypatch, settings, seconds):
    def still_working(*args):
        raise django_error(psycopg.errors.LockNotAvailable("the first arrival has the key"))

    settings.FLOTILLA = replace(settings.FLOTILLA, request_seconds=seconds)
    monkeypatch.setattr(store, "claim", still_working)
    view = View(created())
    response = post(view, HTTP_ACCEPT="application/json")
    assert (response.status_code, response["Retry-After"], view.seen) == (409, "5", [])
    assert "still being worked on" in json.loads(response.content)["detail"]


def test_503_when_others_have_all_the_turns(monkeypatch, settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, writes_at_once=1, write_hold_seconds=0.05)
    monkeypatch.setattr(limiter, "LOOK_SECONDS", 0.01)
    view = View(created())
    with limiter.of(1).turn(context.RequestState()):
        response = post(view)
    assert (response.status_code, response["Retry-After"], view.seen) == (503, "5", [])
    assert post(view).status_code == 201


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
    assert store.claim("default", identity.identity("s", "k"), b"f")
    sql, params = statements[0]
    assert "lock_timeout = '1s'" in sql
    assert params[:3] == [10_000, identity.identity("s", "k"), b"f"]
    assert len(params) == sql.count("%s")
    assert statements[1:] == ["next", "next"]


def test_identity_keeps_parts_apart():
    assert identity.identity("ab", "c") != identity.identity("a", "bc")
    assert identity.fingerprint(b"s", "POST", "/", [b"a", b"b"]) != identity.fingerprint(b"s", "POST", "/", [b"ab"])
    assert identity.form_parts([("b", ["1"]), ("a", ["2"])]) == identity.form_parts([("a", ["2"]), ("b", ["1"])])


def test_form_token_and_tag():
    response = form_token(RequestFactory().get("/"))
    assert response["Cache-Control"] == "no-store"
    assert {*json.loads(response.content)} == {"csrf_token", "request_key"}
    assert request_key().startswith('<input type="hidden" name="request_key"')
    assert request_key() != request_key()


# -- Which database ----------------------------------------------------------------------------------------------------


def of_second(request):
    return "second"


def of_none(request):
    return None


def test_the_key_is_claimed_where_the_effect_is(settings, monkeypatch):
    settings.KEY_DATABASE = f"{__name__}.of_second"
    seen, stored = [], {}

    @contextmanager
    def atomic(using):
        seen.append(using)
        yield

    def claim(alias, id, fingerprint):
        seen.append(alias)
        return id not in stored

    monkeypatch.setattr(run, "transaction", SimpleNamespace(atomic=atomic))
    monkeypatch.setattr(store, "claim", claim)
    monkeypatch.setattr(store, "keep", lambda alias, id, response: seen.append(alias) or stored.update({id: response}))
    monkeypatch.setattr(store, "answer", lambda alias, id, fingerprint: seen.append(alias) or stored[id])
    view = View(lambda request: seen.append(context.current().home) or created())
    assert [post(view).status_code for _ in range(2)] == [201, 201]
    assert (len(view.seen), set(seen)) == (1, {"second"})


def test_a_request_without_effect_has_neither_key_nor_turn(settings, monkeypatch):
    settings.KEY_DATABASE = f"{__name__}.of_none"
    settings.FLOTILLA = replace(settings.FLOTILLA, writes_at_once=1)
    states = []
    view = View(django_error(), lambda request: states.append(context.current()) or created())
    with limiter.of(1).turn(context.RequestState()):
        assert post(view).status_code == 201  # its first run met a lost database
        assert post(view, {"a": "2"}).status_code == 201
    assert (len(view.seen), RequestKey.objects.count()) == (3, 0)
    assert {(state.policy, state.prefer_primary) for state in states} == {(context.Policy.FAIL_FAST, True)}
