"""Stamps: what a one-shot job did last. A job whose stamp matches ends before Django is imported.

A table of its own, made here: it has to exist before the first migration. Plain SQL over any DB-API connection.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TABLE = "CREATE TABLE IF NOT EXISTS flotilla_stamp (job varchar(64) PRIMARY KEY, stamp varchar(64) NOT NULL)"
READ = "SELECT stamp FROM flotilla_stamp WHERE job = %s"
WRITE = "INSERT INTO flotilla_stamp (job, stamp) VALUES (%s, %s) ON CONFLICT (job) DO UPDATE SET stamp = EXCLUDED.stamp"


def of_files(roots: Iterable[Path], pattern: str) -> str:
    """The SHA-256 of all files below `roots` that match, names and contents."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted(root.glob(pattern)):
            for part in (str(path.relative_to(root)).encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def of_migrations(packages: Iterable[Path]) -> str:
    """Changes when any migration of the packages does."""
    return of_files(packages, "**/migrations/*.py")


def read(cursor: Any, job: str) -> str | None:
    """The stamp of the last run of `job`. The table must exist."""
    cursor.execute(READ, [job])
    row = cursor.fetchone()
    return row[0] if row else None


def write(cursor: Any, job: str, stamp: str) -> None:
    cursor.execute(TABLE)
    cursor.execute(WRITE, [job, stamp])
