"""One statement that inserts rows, or renews those that are there: INSERT ... ON CONFLICT, on Postgres and SQLite.

Django's bulk_create has no condition for the renewal.
"""

from collections.abc import Iterable, Sequence

from django.db import connections
from django.db.models import Model

ALIAS = "default"


def upsert(*, rows: Sequence[Model], key: str, renewed: Iterable[str], when: str) -> int:
    """How many rows were inserted or renewed. `renewed`: columns; `when`: SQL over `old` and `excluded`, the new one.

    Rows that are there are locked, in the order of `rows`, also those that are not renewed.
    """
    connection, fields = connections[ALIAS], rows[0]._meta.concrete_fields
    quote = connection.ops.quote_name
    one = f"({', '.join(['%s'] * len(fields))})"
    # Names of our own models and columns.
    sql = (
        f"INSERT INTO {quote(rows[0]._meta.db_table)} AS old"  # noqa: S608
        f" ({', '.join(quote(field.column) for field in fields)})"
        f" VALUES {', '.join([one] * len(rows))} ON CONFLICT ({quote(key)})"
        f" DO UPDATE SET {', '.join(f'{quote(name)} = excluded.{quote(name)}' for name in renewed)}"
        f" WHERE {when}"
    )
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount
