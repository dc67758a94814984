"""What is kept of an unsafe request: nobody can read in it what was sent."""

import hashlib

import pytest

from flotilla.keys import identity
from flotilla.keys.models import RequestKey
from flotilla.tests.requests.asking import View, created, post

pytestmark = pytest.mark.django_db


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
