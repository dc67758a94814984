"""The postgres-init job: cluster settings, roles, databases and grants, each only where it differs.

Waits by itself for a primary. Environment: NET_PREFIX; DATABASES, 'database' or 'database=role', separated by blanks
or newlines; MAX_CONNECTIONS; INIT_WAIT, seconds. Secrets: postgres_superuser, patroni_api, db_verifiers.
"""

import json
import os
import sys

from . import render, roles
from .api import Api
from .apply import apply, existing
from .cluster import GONE, Cluster
from .log import log
from .settings import sync_settings

NODES = (1, 2, 3)


def work(environ):
    """Everything once. Safe to repeat at any point: what is stamped is skipped."""
    prefix = render.net_prefix(environ)
    addresses = [f"{prefix}.4.1{n}" for n in NODES]
    databases = roles.parse(environ.get("DATABASES", "web"))
    wanted = roles.desired(databases, json.loads(render.secret("db_verifiers")))
    cluster = Cluster(addresses, render.secret("postgres_superuser"))
    connection = cluster.wait(float(environ.get("INIT_WAIT", "180")))
    sync_settings([Api(address, render.secret("patroni_api")) for address in addresses], render.dcs(environ))
    present = existing(connection)
    done = sum(apply(cluster, connection, item, present) for item in wanted)
    log(f"{done} of {len(wanted)} objects changed")


def main(tries=5):
    try:
        for _ in range(tries):
            try:
                work(os.environ)
                return 0
            except GONE as error:
                log(f"the primary went away, beginning again: {str(error).strip()}")
    except KeyError as error:
        log(f"db_verifiers has no entry for role {error}; make the secrets again")
    except (render.ConfigError, ValueError) as error:
        log(str(error))
    return 78  # EX_CONFIG


if __name__ == "__main__":
    sys.exit(main())
