"""What is kept of an unsafe request: for how long, and that nobody can read in it what was sent."""

import hashlib
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from flotilla.bus import databases, periodic
from flotilla.keys import identity, store, tasks
from flotilla.keys.models import RequestKey
from flotilla.tests.requests.asking import View, created, post

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def aged(age):
    """What is kept by now is that old."""
    RequestKey.objects.update(created_at=timezone.now() - age)


# -- For how long ------------------------------------------------------------------------------------------------------


def test_a_key_is_kept_for_a_day():
    view = View(lambda request: created())
    post(view)
    aged(store.KEPT - MINUTE)
    post(view)
    assert len(view.seen) == 1
    assert post(view, {"a": "2"}).status_code == 422


@pytest.mark.parametrize("data", [{"a": "1"}, {"a": "2"}])
def test_an_older_one_is_another_request_whether_forgotten_or_not(data):
    view = View(created("first"), created("second", status=200))
    post(view)
    aged(store.KEPT + MINUTE)
    answers = [post(view, data) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"second")] * 2
    assert (len(view.seen), RequestKey.objects.count()) == (2, 1)
    assert timezone.now() - RequestKey.objects.get().created_at < MINUTE


def test_a_refusal_takes_over_nothing():
    view = View(created("first"), HttpResponse(status=409), created("third"))
    post(view)
    aged(store.KEPT + MINUTE)
    assert [post(view).status_code, RequestKey.objects.get().status] == [409, 201]
    assert post(view).content == b"third"


def test_who_comes_second_finds_what_was_taken_over():
    """As of two at once: the row is another one's by now, and new."""
    id = identity.identity("s", "k")
    assert store.claim("default", id, b"first")
    aged(store.KEPT + MINUTE)
    assert [store.claim("default", id, b"second"), store.claim("default", id, b"third")] == [True, False]
    assert bytes(RequestKey.objects.get().fingerprint) == b"second"


def test_older_ones_are_forgotten_by_the_clock_in_bounded_steps(monkeypatch):
    monkeypatch.setattr(store, "PRUNED_AT_ONCE", 2)
    view = View(lambda request: created())
    for n in range(5):
        post(view, key=f"old-key-{n}")
    aged(store.KEPT + MINUTE)
    post(view, key="young-key")
    [job] = [job for job in periodic.jobs() if job.name == "flotilla.keys.tasks.keys_prune.default"]
    assert (job.using, job.seconds) == ("default", tasks.PRUNE_SECONDS)
    assert [periodic.step(job) for _ in range(3)] == [True, True, False]
    assert timezone.now() - RequestKey.objects.get().created_at < MINUTE


def test_each_database_has_its_own_job():
    assert {job.using for job in periodic.jobs() if job.name.startswith(tasks.__name__)} == {*databases.aliases()}


# -- What of it --------------------------------------------------------------------------------------------------------


def kept():
    return bytes(RequestKey.objects.get().fingerprint)


def test_what_was_sent_cannot_be_guessed_from_what_is_kept():
    post(View(created()), "opensesame", content_type="text/plain")
    bare = [b"POST", b"/x/", b"opensesame"]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in bare)).digest()
    assert len(kept()) == len(digest)
    assert kept() != digest


def test_the_fingerprint_is_made_with_the_secret():
    request = ("POST", "/users/", [b"tove@example.com", b"opensesame"])
    prints = {identity.fingerprint(secret, *request) for secret in (b"one", b"two", b"")}
    assert len(prints) == 3


def test_replicas_and_restarts_find_the_same(settings):
    """One value for all time: it depends on nothing but the request and SECRET_KEY."""
    settings.SECRET_KEY = "of-all-replicas"
    view = View(lambda request: created())
    post(view)
    assert kept().hex() == "f845306368b16869dd24ccc531f0d3a1757aa01b7368fc29e15ede95b72edcc4"
    post(view)
    assert len(view.seen) == 1
    settings.SECRET_KEY = "another"
    assert post(view).status_code == 422
