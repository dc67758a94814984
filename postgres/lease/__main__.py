"""`python3 -m lease`, beside Patroni in a Postgres container. EARLY_RELEASE=0: it only lifts what a fence has left."""

import os
import sys
import time

from pgnode import render

from . import etcd, metrics, probes
from .server import Server
from .warden import Warden

PORT = 8009


def main():
    try:
        enabled = render.required(os.environ, "EARLY_RELEASE", "[01]") == "1"
        prefix, name = render.net_prefix(os.environ), render.node_name(os.environ)
        server = Server(password=render.secret("postgres_replicator"))
    except render.ConfigError as error:
        sys.exit(f"lease: {error}")
    metrics.serve(PORT, enabled)
    warden = Warden(name, server, etcd.members(prefix), probes.answers, metrics.tell, enabled=enabled)
    metrics.FENCED.set_function(lambda: float(warden.fenced_at is not None))
    while True:
        time.sleep(warden.round())


if __name__ == "__main__":
    main()
