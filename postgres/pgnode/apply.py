"""Make roles and databases so, through a connection; roles.py says what they are."""

from .log import log

EXISTING = """
    SELECT 'ROLE', rolname, shobj_description(oid, 'pg_authid') FROM pg_authid
    UNION ALL
    SELECT 'DATABASE', datname, shobj_description(oid, 'pg_database') FROM pg_database
"""


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
        # The same node: a standby that has not replayed CREATE DATABASE yet would end the search with an error.
        inner = cluster.connect(wanted.name, connection.info.host)
        run(inner, wanted.inside)
        inner.close()
    run(connection, [wanted.comment])
    return True
