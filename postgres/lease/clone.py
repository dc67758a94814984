"""`python3 -m lease.clone`: Patroni's only way to make a standby. As its own `basebackup`, with `unbind` before.

Patroni has emptied the data directory, empties it again after a failure, and tries again in its next loop.
"""

import argparse
import os
import sys

from . import unbind


def parsed(arguments):
    """-> what Patroni always says, and further options of pg_basebackup from patroni.yml"""
    parser = argparse.ArgumentParser(prog="lease.clone", allow_abbrev=False)
    for name in ("datadir", "connstring"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("scope", "role"):
        parser.add_argument(f"--{name}")
    return parser.parse_known_args(arguments)


def main(arguments):
    """-> exit status, when pg_basebackup does not take this process over"""
    given, options = parsed(arguments)
    status = unbind.main([given.connstring])
    if status:
        return status
    # With a slot it would say how far it has flushed, and so confirm commits while Patroni knows no better standby: in
    # strict mode it then writes '*'. But a copy that breaks off is thrown away.
    how = ["-X", "stream", "--no-slot"]
    command = ["pg_basebackup", f"--pgdata={given.datadir}", *how, f"--dbname={given.connstring}", *options]
    return os.execvp(command[0], command)  # noqa: S606 - no shell, and PATH is the image's


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
