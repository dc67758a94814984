"""Requests for views whose effect is idempotent by itself: run again like others, with no key and no transaction."""

from dataclasses import replace

import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpResponse

from flotilla import context, limiter, metrics
from flotilla.db.backend.base import CommitInDoubt, PrimaryUnavailable
from flotilla.keys.models import RequestKey
from flotilla.tests.requests.asking import View, ask, counted, created, django_error

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def urls(settings):
    settings.ROOT_URLCONF = "flotilla.tests.requests.urls"


def send(view, path="/marked/", key="0123456789", **extra):
    return ask(view, "post", path, {"a": "1"}, HTTP_IDEMPOTENCY_KEY=key, **extra)


def remembered():
    return RequestKey.objects.count()


@pytest.mark.parametrize(("path", "keys"), [("/marked/", 0), ("/class/", 0), ("/plain/", 1), ("/nowhere/", 1)])
def test_who_has_the_mark_claims_no_key(path, keys):
    view = View(lambda request: created())
    assert [send(view, path).status_code for _ in range(2)] == [201, 201]
    assert (len(view.seen), remembered()) == (1 if keys else 2, keys)


@pytest.mark.parametrize(("path", "depth"), [("/marked/", 0), ("/plain/", 1)])
def test_no_transaction_is_open_around_it(path, depth):
    outside, seen = len(connection.savepoint_ids), []

    def look(request):
        seen.append(len(connection.savepoint_ids) - outside)
        return created()

    send(View(look), path)
    assert seen == [depth]


def test_it_waits_for_a_primary_and_knows_the_requests_key():
    seen = []

    def look(request):
        state = context.current()
        seen.append((state.policy, state.request_key))
        return created()

    for key in ("0123456789", "0123456789", "another-key"):
        send(look, key=key)
    policies, keys = zip(*seen, strict=True)
    assert set(policies) == {context.Policy.HOLD}
    assert keys[0] == keys[1] != keys[2]
    assert "0123456789" not in keys[0]


@pytest.mark.parametrize(
    "error",
    [
        django_error(),
        django_error(cls=CommitInDoubt),
        django_error(psycopg.errors.DeadlockDetected("deadlock")),
    ],
)
def test_it_is_run_again_when_its_database_goes_away(error):
    view, before = View(error, created()), counted(metrics.RERUNS, "unsafe")
    assert send(view).status_code == 201
    assert len(view.seen) == 2
    assert view.seen[0] is not view.seen[1]
    assert counted(metrics.RERUNS, "unsafe") == before + 1


def test_503_when_there_is_no_primary_in_time():
    response = send(View(PrimaryUnavailable("none")))
    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_its_refusals_undo_nothing():
    """What it has written is written: it is not in a transaction of ours."""

    def refuse(request):
        with transaction.atomic():
            RequestKey.objects.create(id="00000000-0000-0000-0000-000000000001", fingerprint=b"")
        return HttpResponse(status=409)

    assert send(View(refuse)).status_code == 409
    assert remembered() == 1


def test_a_key_that_cannot_be_one_is_400():
    view = View(created())
    assert send(view, key="short").status_code == 400
    assert view.seen == []


def test_it_takes_its_turn_and_leaves_it_while_it_calls(settings):
    settings.FLOTILLA = replace(settings.FLOTILLA, writes_at_once=2)
    taken = []

    def call(request):
        turns = limiter.of(2)
        taken.append(turns._taken)
        with context.current().calling():
            taken.append(turns._taken)
        taken.append(turns._taken)
        return created()

    send(View(call))
    send(View(call), "/plain/")
    assert taken == [1, 0, 1, 1, 1, 1]
    assert limiter.of(2)._taken == 0
