"""Connections to whichever node is the primary."""

import time

import psycopg2

from .log import log
from .render import ConfigError

GONE = (psycopg2.OperationalError, psycopg2.InterfaceError)


class Cluster:
    """As superuser; pg_hba admits the postgres-init job's own address only."""

    def __init__(self, addresses, password):
        self.hosts, self.password = ",".join(addresses), password

    def connect(self, database="postgres", host=None):
        connection = psycopg2.connect(
            host=host or self.hosts, dbname=database, user="postgres", password=self.password,
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
                # One line per node and hints below it; the last node's line says enough.
                reason = [line for line in str(error).splitlines() if line and not line.startswith("\t")][-1]
                if time.monotonic() > until:
                    raise ConfigError(f"no Postgres primary within {seconds} s; last answer: {reason}") from None
                if reason != last:
                    log(f"waiting for a primary: {reason}")
                last = reason
                time.sleep(0.5)
