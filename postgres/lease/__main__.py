"""`python3 -m lease`, beside Patroni in a Postgres container; answers Prometheus and HAProxy too.

EARLY_RELEASE=0: of the early release it only lifts what a fence has left.
"""

import os
import sys
import time

from pgnode import render
from room import volume
from room.metrics import show
from room.others import PORT

from . import agent, alone, etcd, metrics, probes
from .server import Server
from .warden import Warden


def main():
    try:
        enabled = render.required(os.environ, "EARLY_RELEASE", "[01]") == "1"
        prefix, name = render.net_prefix(os.environ), render.node_name(os.environ)
        server = Server(password=render.secret("postgres_replicator"))
        disk = volume.of_node(os.environ)
    except render.ConfigError as error:
        sys.exit(f"lease: {error}")
    show(disk)
    metrics.serve(PORT, enabled)
    store = etcd.members(prefix)
    warden = Warden(name, server, store, probes.answers, metrics.tell, enabled=enabled, is_full=disk.is_full)
    metrics.FENCED.set_function(lambda: float(warden.fenced_at is not None))
    # With connections of its own: a round of the one does not wait for one of the other.
    lonely = alone.Alone(name, Server(), etcd.members(prefix), metrics.tell)
    alone.watch(lonely)
    agent.serve(lambda: lonely.is_alone)
    while True:
        time.sleep(warden.round())


if __name__ == "__main__":
    main()
