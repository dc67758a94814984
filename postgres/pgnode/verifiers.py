"""Derive pgbouncer_userlist and db_verifiers from the password files of a secrets folder.

Postgres and PgBouncer must hold the identical verifier (same salt): then the keys a client proves to PgBouncer are the
keys PgBouncer proves to Postgres, and no password is stored in either. So both files come from one run, and a verifier
that still fits its password is never made again. Standard library only.

usage: python3 -m pgnode.verifiers SECRETS_FOLDER
"""

import json
import os
import sys
from pathlib import Path

from . import scram

FIXED = {"postgres_monitor": "monitor", "pgbouncer_stats": "pgbouncer_stats"}


def passwords(folder):
    """role -> password, from the files db_<role>, postgres_monitor and pgbouncer_stats."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        role = FIXED.get(path.name) or path.name.removeprefix("db_")
        if (role == path.name and path.name not in FIXED) or path.name == "db_verifiers":
            continue
        found[role] = path.read_text().strip()
        if not found[role]:
            raise SystemExit(f"{path} is empty; delete it and make the secrets again")
    return found


def merged(known, wanted):
    """Keep each verifier that still fits; make the others; forget roles without a password file."""
    return {
        role: known[role] if scram.matches(known.get(role, ""), password) else scram.verifier(password)
        for role, password in wanted.items()
    }


def userlist(verifiers):
    return "".join(f'"{role}" "{text}"\n' for role, text in sorted(verifiers.items()))


def write(path, text):
    """Replace atomically, and only when something changed. The folder keeps others out, so the file may be readable."""
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.chmod(temporary, 0o444)
    os.replace(temporary, path)


def derive(folder):
    folder = Path(folder)
    store = folder / "db_verifiers"
    known = json.loads(store.read_text()) if store.exists() and store.stat().st_size else {}
    verifiers = merged(known, passwords(folder))
    write(store, json.dumps(verifiers, indent=1, sort_keys=True) + "\n")
    write(folder / "pgbouncer_userlist", userlist(verifiers))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    derive(sys.argv[1])
