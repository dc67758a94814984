"""Sessions: in the database, with a copy in the cache that may be lost, and is never believed after a write."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import transaction

from flotilla import context, sessions
from flotilla.db.wal import NOWHERE
from flotilla.sessions import SessionStore
from flotilla.tests import fake_redis


@pytest.fixture
def session(db, settings, django_capture_on_commit_callbacks):
    settings.CACHES = {"sessions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    caches["sessions"].clear()
    made = SessionStore()
    made["who"] = "alice"
    with django_capture_on_commit_callbacks(execute=True):
        made.create()
        made.save()
    return made


def loaded(key):
    return SessionStore(key).load()


def test_a_session_is_read_from_the_cache(session, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert loaded(session.session_key) == {"who": "alice"}


def test_losing_the_cache_loses_no_login(session, django_assert_num_queries):
    caches["sessions"].clear()
    with django_assert_num_queries(1):
        assert loaded(session.session_key) == {"who": "alice"}
    with django_assert_num_queries(0):
        assert loaded(session.session_key) == {"who": "alice"}


def test_without_redis_sessions_are_read_and_written(db, monkeypatch, django_capture_on_commit_callbacks):
    servers = fake_redis.caches_over(monkeypatch)
    monkeypatch.setattr(sessions, "caches", {"sessions": servers.cache("sessions")})
    fake_redis.cut(servers.master)
    made = SessionStore()
    made["who"] = "alice"
    with django_capture_on_commit_callbacks(execute=True):
        made.create()
        made.save()
    assert loaded(made.session_key) == {"who": "alice"}
    with django_capture_on_commit_callbacks(execute=True):
        made.delete()
    assert loaded(made.session_key) == {}
    assert servers.master.calls == 1


def test_after_a_write_the_database_is_asked(session, django_assert_num_queries):
    """Whatever an older cache says."""
    caches["sessions"].set("session:" + session.session_key, {"who": "somebody else"})
    with context.use(context.RequestState(position=NOWHERE)), django_assert_num_queries(1):
        assert loaded(session.session_key) == {"who": "alice"}


def test_a_rolled_back_session_is_not_cached(session):
    changed = SessionStore(session.session_key)
    changed["who"] = "mallory"
    sid = transaction.savepoint()
    changed.save()
    transaction.savepoint_rollback(sid)
    assert loaded(session.session_key) == {"who": "alice"}


def test_logging_out_removes_both(session, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        session.delete()
    assert Session.objects.count() == 0
    assert loaded(session.session_key) == {}
    SessionStore().delete()


def test_a_page_that_read_before_the_logout_does_not_undo_it(session, monkeypatch, django_capture_on_commit_callbacks):
    """The page reads the row; the logout deletes row and copy; the page then fills the cache."""
    caches["sessions"].clear()
    page, read = SessionStore(session.session_key), SessionStore._get_session_from_db

    def read_then_logout(self):
        row = read(self)
        with django_capture_on_commit_callbacks(execute=True):
            session.delete()
        return row

    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "_get_session_from_db", read_then_logout)
        assert page.load() == {"who": "alice"}
    assert loaded(session.session_key) == {}


def test_an_unknown_session_is_empty(db, settings):
    settings.CACHES = {"sessions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert loaded("nonsense-nonsense-nonsense-12345") == {}
