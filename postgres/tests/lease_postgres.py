"""A standby by the socket, as far as `lease.server` asks; it stands in for psycopg2."""

import stat
import sys
import types
from contextlib import nullcontext

CONNINFO = (
    "dbname=postgres user=replicator passfile=/run/patroni/pgpass host=10.77.4.11 port=5432 sslmode=prefer"
    " application_name=postgres-2 gssencmode=prefer channel_binding=prefer sslnegotiation=postgres"
)


class Postgres:
    """A standby by the socket, as far as `lease.server` asks."""

    class Error(Exception):
        pass

    PhysicalReplicationConnection = "of psycopg2.extras"

    def __init__(self, folder):
        self.file = folder / "postgresql.auto.conf"
        self.file.write_text("")
        self.receiver, self.conninfo, self.down, self.sessions = ("streaming", 0.1), CONNINFO, False, 0
        self.reread = self.stays = True  # whether a reload is heeded, whether the line stays in the file
        self.looks, self.waits_from = 0, 1  # the look from which the startup process is seen between two attempts
        self.stubborn = False  # the receiver outlives the fence
        self.replies = None  # what its standbys report; it is one itself
        self.asked = {}  # how the last session was asked for

    def connect(self, **options):
        if self.down:
            raise self.Error("the database system is starting up")
        self.sessions, self.asked = self.sessions + 1, options
        kind = Replication if options.get("connection_factory") else types.SimpleNamespace
        return kind(cursor=lambda: nullcontext(Cursor(self)), close=lambda: None)

    @property
    def is_fenced(self):
        return self.stays and "primary_conninfo" in self.file.read_text()

    @property
    def fence(self):
        self.looks += 1
        return self.reread, self.is_fenced, self.receiver[0] is None, self.looks >= self.waits_from

    def alter(self, line):
        """As Postgres' durable_rename does: it opens the old file to write before it puts the new one in its place."""
        if not self.file.stat().st_mode & stat.S_IWUSR:
            raise self.Error('could not open file "postgresql.auto.conf": Permission denied')
        new = self.file.with_suffix(".tmp")
        new.write_text(line)
        new.chmod(0o600)
        new.replace(self.file)
        if line and not self.stubborn:
            self.receiver = (None, None)


class Replication(types.SimpleNamespace):
    """As psycopg2's: whether it commits by itself is not for the caller to say."""

    def __setattr__(self, name, value):
        raise AttributeError(f"attribute '{name}' of 'ReplicationConnection' objects is not writable")


class Cursor:
    def __init__(self, postgres):
        self.postgres, self.row = postgres, None

    def execute(self, statement):
        postgres, server = self.postgres, sys.modules["lease.server"]
        if postgres.down:
            raise postgres.Error("server closed the connection unexpectedly")
        if statement.startswith("ALTER SYSTEM"):
            postgres.alter("primary_conninfo = ''\n" if " SET " in statement else "")
        answers = {
            server.OWN: lambda: (True, postgres.is_fenced, *postgres.receiver),
            server.FENCE: lambda: postgres.fence,
            server.REPLIES: lambda: (postgres.replies,),
            server.FOLLOWS: lambda: (postgres.conninfo,) if postgres.conninfo else None,
            "IDENTIFY_SYSTEM": lambda: ("7512345678901234567", 3, "1/50000A8", None),
        }
        self.row = answers.get(statement, lambda: None)()

    def fetchone(self):
        return self.row
