"""The primaries that this process knows, one for each cluster, and the probe for Django's databases."""

import os
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from flotilla.db.backend.connection import BoundedConnection, connect
from flotilla.db.primary import Primary

PROBE_SQL = "SELECT pg_is_in_recovery()"
ANSWER_SECONDS = 1.0

_primaries: dict[str, Primary] = {}


def of(alias: str) -> Primary:
    """The one Primary of this process for the servers that `alias` leads to: shards on the same ones share it."""
    cluster = settings.DATABASES.get(alias, {}).get("HOST") or alias
    if cluster not in _primaries:
        _primaries.setdefault(cluster, Primary(DatabaseProbe(alias)))
    return _primaries[cluster]


class DatabaseProbe:
    """Asks over one kept connection whether the alias leads to a server that takes writes.

    As the readers' role: PgBouncer's pools are by role, and the writers' may be full of statements that wait.
    """

    def __init__(self, alias: str):
        self.alias = alias
        self._connection: BoundedConnection | None = None

    def __call__(self) -> bool:
        # A kept connection may have died for its own reasons: a second, new one decides.
        return (self._connection is not None and self._ask()) or self._ask()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self) -> bool:
        try:
            if self._connection is None:
                self._connection = connect(self._params())
            with self._connection.limited(ANSWER_SECONDS):
                row = self._connection.execute(PROBE_SQL).fetchone()
        except psycopg.Error:
            self.close()
            return False
        return row is not None and row[0] is False

    def _params(self) -> dict[str, Any]:
        params, options = connections[self.alias].get_connection_params() | {"autocommit": True}, settings.FLOTILLA
        if options.database_replica_user:
            params |= {"user": options.database_replica_user, "password": options.database_replica_password}
        return params


# Threads do not survive a fork: the child starts with none, and probes over connections of its own.
os.register_at_fork(after_in_child=_primaries.clear)
