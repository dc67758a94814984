"""Sessions: the database is the truth, Redis spares the read. SESSION_ENGINE = "flotilla.sessions".

Differs from Django's cached_db in four ways:
- the cache is written after the commit, as a transaction that is run again must not leave its session behind;
- a client that wrote within the last seconds is read from the database, in case its cache write was lost;
- a deletion leaves a mark in the cache, and reading only fills what is empty: a page that read the row just before the
  logout cannot bring it back;
- cached copies live for minutes only, which bounds how long a lost deletion can matter.
"""

from django.contrib.sessions.backends.base import CreateError, UpdateError  # noqa: F401 - part of an engine's interface
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import caches
from django.db import router, transaction

from flotilla import context

CACHE_SECONDS = 300
PREFIX = "session:"
DELETED = "deleted"  # the mark; outlives every request that may have read the row before


class SessionStore(DatabaseStore):
    """The database store with a read-through cache in front."""

    def load(self) -> dict:
        data = None if _just_wrote() else caches["sessions"].get(self._cache_key)
        if isinstance(data, dict):
            return data
        session = self._get_session_from_db()
        data = self.decode(session.session_data) if session else {}
        if session and not _just_wrote():
            caches["sessions"].add(self._cache_key, data, self._seconds(data))
        return data

    def save(self, must_create: bool = False) -> None:
        super().save(must_create)
        data, using = dict(self._session), router.db_for_write(self.model)
        transaction.on_commit(lambda: self._cache(data), using=using, robust=True)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        super().delete(key)
        if key:
            using = router.db_for_write(self.model)
            mark = PREFIX + key, DELETED, CACHE_SECONDS
            transaction.on_commit(lambda: caches["sessions"].set(*mark), using=using, robust=True)

    @property
    def _cache_key(self) -> str:
        return PREFIX + (self.session_key or "none")

    def _cache(self, data: dict) -> None:
        caches["sessions"].set(self._cache_key, data, self._seconds(data))

    def _seconds(self, data: dict) -> int:
        # The expiry is given, or it would load the session to look.
        return min(CACHE_SECONDS, self.get_expiry_age(expiry=data.get("_session_expiry")))


def _just_wrote() -> bool:
    state = context.current()
    return state is not None and state.position is not None
