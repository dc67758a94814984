"""This node's own Postgres, over its socket: what it receives, and the fence."""

import time
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extras import PhysicalReplicationConnection

from .facts import Doubt, Own, host

SECONDS = 1.0  # for connecting and for each statement: a local server answers in a millisecond
LOOKS, SETTLE = 20, 0.05  # at whether the fence is in force, and the seconds before each

# A new session has what the postmaster has read: it reads its files, tells its children, and only then forks again.
OWN = """
    SELECT pg_is_in_recovery(), current_setting('primary_conninfo') = '', receiver.status,
           extract(epoch FROM clock_timestamp() - receiver.last_msg_receipt_time)
    FROM (SELECT) AS one LEFT JOIN pg_stat_wal_receiver AS receiver ON true
"""
# What Patroni has written; the fence lies above it, in postgresql.auto.conf.
FOLLOWS = """
    SELECT setting FROM pg_file_settings
    WHERE name = 'primary_conninfo' AND sourcefile NOT LIKE '%postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1
"""
# When each standby that streams last reported, by its own clock: whether that changes is what counts.
REPLIES = """
    SELECT CASE WHEN NOT pg_is_in_recovery() THEN (
        SELECT coalesce(string_agg(reply_time::text, ' ' ORDER BY pid), '')
        FROM pg_stat_replication WHERE state = 'streaming'
    ) END
"""
# The parts of a fence in force. The second alone: ALTER SYSTEM has set it, whatever Postgres has read of that.
FENCE = """
    SELECT current_setting('primary_conninfo') = '',
           EXISTS (
               SELECT FROM pg_file_settings
               WHERE name = 'primary_conninfo' AND setting = '' AND sourcefile LIKE '%postgresql.auto.conf'
           ),
           -- Not pg_stat_wal_receiver, which hides one that is still connecting.
           NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'walreceiver'),
           EXISTS (
               SELECT FROM pg_stat_activity
               WHERE backend_type = 'startup' AND wait_event = 'RecoveryRetrieveRetryInterval'
           )
"""


class Server:
    """Every call raises Doubt when Postgres does not answer."""

    def __init__(self, data="/data/pg", socket="/run/postgresql", sleep=time.sleep, password=""):
        """`password`: of the role `replicator`, for `position`"""
        self.settings, self.socket, self.sleep = Path(data, "postgresql.auto.conf"), socket, sleep
        self.password = password
        self._kept = None

    def is_calm(self, seconds):
        """Over a kept connection: whether this is the primary, or heard from its leader in the last `seconds`."""
        standby, _, status, silence = self._kept_row(OWN)
        return not standby or (status == "streaming" and silence is not None and silence < seconds)

    def replies(self):
        """Over a kept connection: None of a standby; of a primary a text that changes when a standby reports."""
        return self._kept_row(REPLIES)[0]

    def own(self):
        """-> Own, from a new session."""
        with self._session() as connection:
            standby, _, _, silence = self._row(connection, OWN)
            _, fenced, *_ = self._row(connection, FENCE)
            follows = self._row(connection, FOLLOWS)
        return Own(
            is_standby=standby,
            silence=None if silence is None else float(silence),
            is_fenced=fenced,
            follows=host(follows[0]) if follows else None,
        )

    def fence(self):
        """Receive from nobody, also after a crash. -> whether that is in force; then no receiver can start.

        Patroni takes such settings out of postgresql.auto.conf when it writes its own, by opening the file to write: so
        it may not. Postgres reads it all the same, and starts with it, also after a crash.

        The startup process must be seen between two attempts, by a session that began with the new setting: the
        postmaster then has told it. Whoever waits there has no receiver, has replayed all that is on disk, and reads
        its settings before it asks for a receiver. Had it already asked, it would wait for the log instead; and a
        receiver that is forked late, for a request that was withdrawn, ends by itself.
        """
        self._alter("ALTER SYSTEM SET primary_conninfo = ''")
        self._permit(0o400)
        return any(self._is_in_force() for _ in range(LOOKS))

    def position(self):
        """-> (timeline, bytes): how far the log of this standby reaches, received or replayed"""
        replication = {"connection_factory": PhysicalReplicationConnection, "password": self.password}
        with self._session(user="replicator", **replication) as connection:
            _, timeline, position, _ = self._row(connection, "IDENTIFY_SYSTEM")
        high, low = position.split("/")
        return timeline, (int(high, 16) << 32) + int(low, 16)

    def lift(self):
        self._alter("ALTER SYSTEM RESET primary_conninfo")

    def close(self):
        if self._kept:
            self._kept.close()
            self._kept = None

    def _kept_row(self, query):
        try:
            self._kept = self._kept or self._connect()
            return self._row(self._kept, query)
        except psycopg2.Error as error:
            self.close()
            raise Doubt(f"Postgres: {error}") from error

    def _is_in_force(self):
        self.sleep(SETTLE)
        with self._session() as connection:
            return all(self._row(connection, FENCE))

    def _alter(self, statement):
        self._permit(0o600)  # Postgres replaces the file as a whole, but first it opens the old one to write, for fsync
        with self._session() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SELECT pg_reload_conf()")

    def _permit(self, mode):
        try:
            self.settings.chmod(mode)
        except OSError as error:
            raise Doubt(f"postgresql.auto.conf: {error}") from error

    @contextmanager
    def _session(self, **options):
        try:
            with closing(self._connect(**options)) as connection:
                yield connection
        except psycopg2.Error as error:
            raise Doubt(f"Postgres: {error}") from error

    def _connect(self, user="postgres", **options):
        connection = psycopg2.connect(
            host=self.socket, dbname="postgres", user=user, application_name="lease", connect_timeout=2,
            options=f"-c statement_timeout={SECONDS * 1000:.0f}", **options,
        )  # fmt: skip
        if not options:
            connection.autocommit = True  # a connection for replication is so by itself, and says so by an error
        return connection

    @staticmethod
    def _row(connection, query):
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()
