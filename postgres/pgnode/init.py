"""The postgres-init job: cluster settings, roles, databases and grants, each only where it differs.

Waits by itself for a primary. Environment: NET_PREFIX; DATABASES, 'database' or 'database=role', separated by blanks
or newlines; MAX_CONNECTIONS; INIT_WAIT, seconds. Secrets: postgres_superuser, patroni_api, db_verifiers.
"""

import json
import os
import sys
import time

import psycopg2

from . import render, roles
from .api import Api

NODES = (1, 2, 3)
EXISTING = """
    SELECT 'ROLE', rolname, shobj_description(oid, 'pg_authid') FROM pg_authid
    UNION ALL
    SELECT 'DATABASE', datname, shobj_description(oid, 'pg_database') FROM pg_database
"""


def log(text):
    print(f"postgres-init: {text}", flush=True)


class Cluster:
    """Connections to whichever node is the primary, as superuser; pg_hba admits this job's own address only."""

    def __init__(self, addresses, password):
        self.hosts, self.password = ",".join(addresses), password

    def connect(self, database="postgres"):
        connection = psycopg2.connect(
            host=self.hosts, dbname=database, user="postgres", password=self.password,
            target_session_attrs="read-write", connect_timeout=2, application_name="postgres-init",
        )  # fmt: skip
        connection.autocommit = True
        with connection.cursor() as cursor:
            # A failing ALTER ROLE must not put a verifier into the log.
            cursor.execute("SET log_min_error_statement = panic; SET log_min_duration_statement = -1")
        return connection

    def wait(self, seconds):
        """A connection as soon as there is a primary."""
        until = time.monotonic() + seconds
        last = None
        while True:
            try:
                return self.connect()
            except psycopg2.OperationalError as error:
                reason = str(error).strip().splitlines()[-1]
                if time.monotonic() > until:
                    raise render.ConfigError(f"no Postgres primary within {seconds} s; last answer: {reason}") from None
                if reason != last:
                    log(f"waiting for a primary: {reason}")
                last = reason
                time.sleep(0.5)


def run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def existing(connection):
    """(kind, name) -> stamp or None, of every role and database there is."""
    with connection.cursor() as cursor:
        cursor.execute(EXISTING)
        return {(kind, name): stamp for kind, name, stamp in cursor.fetchall()}


def apply(cluster, connection, wanted, present):
    """Make one object so, and stamp it last. -> True when anything was done."""
    key = (wanted.kind, wanted.name)
    if present.get(key) == wanted.stamp:
        return False
    log(f"{'updating' if key in present else 'creating'} {wanted.kind.lower()} {wanted.name}")
    run(connection, wanted.statements if key in present else (wanted.create, *wanted.statements))
    if wanted.inside:
        inner = cluster.connect(wanted.name)
        run(inner, wanted.inside)
        inner.close()
    run(connection, [wanted.comment])
    return True


def difference(wanted, present):
    """The part of `wanted` that `present` does not hold, nested dicts included; {} when nothing is missing."""
    missing = {}
    for key, value in wanted.items():
        if isinstance(value, dict):
            value = difference(value, present.get(key) or {})
            if value:
                missing[key] = value
        elif present.get(key) != value:
            missing[key] = value
    return missing


def sync_settings(apis, wanted):
    """Bring the cluster-wide settings in etcd up to dcs.yml, through the first node that answers."""
    for api in apis:
        try:
            status, present = api.call("GET", "/config")
            missing = difference(wanted, present) if status == 200 else None
            if missing:
                log(f"changing cluster settings: {json.dumps(missing)}")
                status, _ = api.call("PATCH", "/config", missing)
            if status == 200:
                return
        except OSError:
            continue
    raise render.ConfigError("no Patroni took the cluster settings; look at the logs of postgres-1 to -3")


def main():
    try:
        prefix = render.net_prefix(os.environ)
        addresses = [f"{prefix}.4.1{n}" for n in NODES]
        databases = roles.parse(os.environ.get("DATABASES", "web"))
        wanted = roles.desired(databases, json.loads(render.secret("db_verifiers")))
        cluster = Cluster(addresses, render.secret("postgres_superuser"))
        connection = cluster.wait(float(os.environ.get("INIT_WAIT", "180")))
        sync_settings([Api(address, render.secret("patroni_api")) for address in addresses], render.dcs(os.environ))
        present = existing(connection)
        done = sum(apply(cluster, connection, item, present) for item in wanted)
        log(f"{done} of {len(wanted)} objects changed")
    except KeyError as error:
        log(f"db_verifiers has no entry for role {error}; make the secrets again")
        return 78
    except (render.ConfigError, ValueError) as error:
        log(str(error))
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main())
