"""The engine over the pretended driver. `db` here is that, not the database of pytest-django."""

import time

import pytest
from django.db import transaction
from django.db.backends.postgresql import base as postgresql

from flotilla.db import primaries
from flotilla.db.backend import base
from flotilla.tests.backend.driver import FakePrimary, FakeServer, wrapper


@pytest.fixture
def server(monkeypatch, django_db_blocker):
    """Nothing here reaches a database, so the guard against that is in the way."""
    made = FakeServer()
    monkeypatch.setattr(base, "connect", made.connect)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(postgresql, "register_tzloader", lambda timezone, cursor: None)
    with django_db_blocker.unblock():
        yield made


@pytest.fixture
def primary(monkeypatch):
    made = FakePrimary()
    monkeypatch.setattr(primaries, "of", lambda alias: made)
    return made


@pytest.fixture
def db(server, primary, monkeypatch):
    made = wrapper()
    monkeypatch.setattr(transaction, "get_connection", lambda using=None: made)
    return made
