"""Which roles and databases the cluster has, and the SQL that makes them so. Pure: no connection, no environment.

Each object carries a stamp (a digest of its SQL) as its comment in the catalogue. What bears the right stamp is left
alone; the stamp goes when the object goes, so a dropped database is simply made again.
"""

import hashlib
import re
from dataclasses import dataclass

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
VERIFIER = re.compile(r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")

APPLICATION = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
# Defaults of the role: Django then sends no set-up queries on a new connection.
SESSION = {
    "TimeZone": "UTC",
    "client_encoding": "UTF8",
    # A client that froze inside a transaction keeps its locks and its pooled connection no longer than this.
    "idle_in_transaction_session_timeout": "5s",
    # Longer than a write is held for a primary (30 s), so that a second arrival can wait for the first one's answer;
    # shorter than the balancer's patience (50 s). Never a statement_timeout: it could fire in COMMIT.
    "lock_timeout": "35s",
}


@dataclass(frozen=True)
class Object:
    kind: str  # ROLE or DATABASE
    name: str
    create: str  # run when it does not exist
    statements: tuple  # run in the database `postgres`
    inside: tuple = ()  # run in the database itself

    @property
    def stamp(self):
        text = "\n".join((self.create, *self.statements, *self.inside))
        return "flotilla " + hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def comment(self):
        return f"COMMENT ON {self.kind} {self.name} IS '{self.stamp}'"


def parse(text):
    """'web users_0=users:3+1' -> [('web', 'web'), ('users_0', 'users')]: database and the role that owns it.

    What follows the colon is for the poolers: the sizes of its pools.
    """
    items = [item.partition(":")[0].partition("=") for item in text.split()]
    pairs = [(database, owner or database) for database, _, owner in items]
    for name in (name for pair in pairs for name in pair):
        if not NAME.fullmatch(name):
            raise ValueError(f"DATABASES: {name!r} is no plain lower-case name")
    return pairs


def role(name, verifier, settings, grants=()):
    if not VERIFIER.fullmatch(verifier):
        raise ValueError(f"role {name}: no SCRAM verifier")
    sets = tuple(f"ALTER ROLE {name} SET {key} = '{value}'" for key, value in settings.items())
    alter = f"ALTER ROLE {name} {APPLICATION} PASSWORD '{verifier}'"
    return Object("ROLE", name, f"CREATE ROLE {name}", (alter, f"ALTER ROLE {name} RESET ALL", *sets, *grants))


# Which timeline a standby receives: its replayed position means nothing without. pg_stat_wal_receiver shows it to
# monitors only, who may read far more (others' queries): this function shows just it, with the rights of an owner who
# cannot log in. Who owns the database may have made the schema before: it is taken over.
TIMELINE_OWNER = "timeline_owner"
RECEIVED_TIMELINE = (
    "CREATE SCHEMA IF NOT EXISTS flotilla",
    "ALTER SCHEMA flotilla OWNER TO CURRENT_USER",
    "CREATE OR REPLACE FUNCTION flotilla.received_timeline() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS 'SELECT received_tli FROM pg_stat_wal_receiver'",
    f"ALTER FUNCTION flotilla.received_timeline() OWNER TO {TIMELINE_OWNER}",
    "REVOKE ALL ON FUNCTION flotilla.received_timeline() FROM PUBLIC",
)


def timeline_owner():
    grant = f"GRANT pg_read_all_stats TO {TIMELINE_OWNER}"
    return Object("ROLE", TIMELINE_OWNER, f"CREATE ROLE {TIMELINE_OWNER} NOLOGIN", (grant,))


def database(name, owner):
    reader = f"{owner}_ro"
    return Object(
        "DATABASE",
        name,
        f"CREATE DATABASE {name} OWNER {owner}",
        (
            f"ALTER DATABASE {name} OWNER TO {owner}",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO {reader}, monitor",
        ),
        (
            # The owner makes the tables (migrations), so its default privileges cover all future ones.
            f"GRANT USAGE ON SCHEMA public TO {reader}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT ON TABLES TO {reader}",
            *RECEIVED_TIMELINE,
            f"GRANT USAGE ON SCHEMA flotilla TO {owner}, {reader}",
            f"GRANT EXECUTE ON FUNCTION flotilla.received_timeline() TO {owner}, {reader}",
        ),
    )


def maintenance():
    """The databases that come with Postgres: nobody's by default, open to those who watch or rewind."""
    revoke = ("REVOKE ALL ON DATABASE template1 FROM PUBLIC", "REVOKE ALL ON DATABASE postgres FROM PUBLIC")
    return Object("DATABASE", "postgres", "", (*revoke, "GRANT CONNECT ON DATABASE postgres TO monitor, rewind"))


def desired(databases, verifiers):
    """Every object in the order of making. `verifiers`: role -> SCRAM verifier."""
    read_only = SESSION | {"default_transaction_read_only": "on"}
    monitor_session = {"TimeZone": "UTC", "default_transaction_read_only": "on", "statement_timeout": "5s"}
    monitor = role("monitor", verifiers["monitor"], monitor_session, ("GRANT pg_monitor TO monitor",))
    objects = [monitor, timeline_owner()]
    for owner in dict.fromkeys(owner for _, owner in databases):
        objects.append(role(owner, verifiers[owner], SESSION))
        objects.append(role(f"{owner}_ro", verifiers[f"{owner}_ro"], read_only))
    objects += [database(name, owner) for name, owner in databases]
    return [*objects, maintenance()]
