"""`python -m flotilla.jobs.quick <job> <command> [arguments]`: ends at once when the job's stamp matches.

Imports psycopg only: an up-to-date job costs a login and a query, not a Django start. Else it becomes
`manage.py <command>`, which does the work and writes the stamp in the same transaction.
"""

import os
import sys
import time
from pathlib import Path

import psycopg

from flotilla.env import Env, EnvironmentProblem
from flotilla.jobs import stamps

WAIT_SECONDS = 120.0
PAUSE_SECONDS = 0.5
ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> None:
    """Compare the stamp; run the command only when it differs."""
    job, command = arguments[0], arguments[1:]
    try:
        env = Env.from_environ()
    except EnvironmentProblem as problem:
        sys.exit(f"{job}: {problem}")
    if env.database_hosts and is_done(env, job):
        print(f"{job}: already done", flush=True)
        return
    os.execv(sys.executable, [sys.executable, str(ROOT / "manage.py"), *command])  # noqa: S606 - no shell wanted


def stamp_of(env: Env, job: str) -> str:
    """What the job would leave behind: its inputs' hash. A seed's inputs are the service's own management commands."""
    if job == "migrate":
        return stamps.of_migrations([ROOT / "flotilla", ROOT / env.service])
    return stamps.of_files([ROOT / env.service], "**/*.py")


def is_done(env: Env, job: str) -> bool:
    """Whether every database of the service has the stamp."""
    stamp = stamp_of(env, job)
    return all(stored(env, name, job) == stamp for name in (env.database_name, *env.database_shards))


def stored(env: Env, name: str, job: str) -> str | None:
    """The stamp in that database, waited for while it does not answer; None when there is none yet."""
    deadline = time.monotonic() + WAIT_SECONDS
    said = False
    while True:
        try:
            with _connect(env, name) as connection:
                return stamps.read(connection.cursor(), job)
        except psycopg.errors.UndefinedTable:
            return None
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{job}: no primary within {WAIT_SECONDS:.0f} s: {error}")
            if not said:
                print(f"{job}: waiting for the database", flush=True)
                said = True
            time.sleep(PAUSE_SECONDS)


def _connect(env: Env, name: str) -> psycopg.Connection:
    return psycopg.connect(
        host=",".join(env.database_hosts),
        port=",".join([str(env.database_port)] * len(env.database_hosts)),
        dbname=name,
        user=env.database_user,
        password=env.database_password,
        sslmode=env.database_sslmode,
        connect_timeout=2,
        prepare_threshold=None,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
