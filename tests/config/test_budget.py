"""Connections are budgeted: computed from the compose file and the configurations, on the worst day.

The worst day: `web` scaled to five, one PgBouncer carrying all of it, every pool of both poolers full, and one Postgres
node being the primary and, by name, a replica at once.
"""

import re

from tests.config.files import ROOT, environment, ini, python_settings, services, shell_settings

SCALED = 5
POOLERS = sorted(name for name in services() if re.fullmatch(r"pgbouncer-\d+", name))
POSTGRES = sorted(name for name in services() if re.fullmatch(r"postgres-\d+", name))
# Not through a pooler: superuser_reserved_connections 3, Patroni 3 and its rewind, the exporter, an operator or two,
# postgres-init. Replication has its own budget (max_wal_senders).
RESERVED = 3 + 4 + 3 + 4 + 1


def databases(pooler: str) -> list[str]:
    listed = environment(pooler).get("DATABASES") or "web"
    return [item.split("=")[0] for item in listed.split()] + ["postgres"]


def pool(pooler: str) -> int:
    values = environment(pooler)
    return int(values["DEFAULT_POOL_SIZE"]) + int(values["RESERVE_POOL_SIZE"])


def max_connections() -> int:
    return min(int(environment(name)["MAX_CONNECTIONS"]) for name in POSTGRES)


def threads() -> int:
    return python_settings("services/gunicorn.conf.py")["threads"]


def test_there_are_two_poolers_and_three_nodes():
    assert len(POOLERS) == 2
    assert len(POSTGRES) == 3
    assert "max_connections: ${MAX_CONNECTIONS}" in (ROOT / "postgres/dcs.yml").read_text()


def test_full_pools_fit_into_max_connections():
    # <db> as the primary, by its owner and by the read-only role that looks for it; <db>_<n> as this very node.
    wanted = sum(3 * len(databases(pooler)) * pool(pooler) for pooler in POOLERS)
    assert wanted + RESERVED <= max_connections(), f"{wanted} pooled and {RESERVED} others, of {max_connections()}"


def test_one_pooler_alone_takes_every_client():
    values = environment("web")
    aliases = 1 + len(values["DATABASE_REPLICAS"].split(","))
    prober = 1  # one connection per process that looks for the primary
    exporters = 2
    clients = SCALED * (threads() + prober) * aliases + exporters
    for pooler in POOLERS:
        assert clients <= int(environment(pooler)["MAX_CLIENT_CONN"]), f"{clients} clients at {pooler}"


def test_a_replicas_threads_take_what_both_balancers_send():
    settings = shell_settings("haproxy/settings.sh")
    slots = int(settings["HAPROXY_WEB_SAFE_MAXCONN"]) + int(settings["HAPROXY_WEB_UNSAFE_MAXCONN"])
    checks = 4  # two pools check from two HAProxies
    assert 2 * slots + checks <= threads()


def test_the_balancer_holds_all_slots_and_the_pools():
    settings = shell_settings("haproxy/settings.sh")
    slots = int(settings["HAPROXY_WEB_SAFE_MAXCONN"]) + int(settings["HAPROXY_WEB_UNSAFE_MAXCONN"])
    pooled = sum(len(databases(pooler)) * pool(pooler) for pooler in POOLERS)
    # A request is one connection in and one out; so is a pooled one.
    assert 10 * slots + pooled <= int(settings["HAPROXY_MAXCONN"])


def test_held_writes_fit_into_the_slots():
    """6 writes a second held for 20 s are 120 requests; with one HAProxy and one web replica gone they still fit."""
    settings = shell_settings("haproxy/settings.sh")
    assert 2 * int(settings["HAPROXY_WEB_UNSAFE_MAXCONN"]) >= 6 * 20


def test_a_held_write_gives_up_before_the_pooler_does():
    hold = float(environment("web")["WRITE_HOLD_SECONDS"])
    assert hold < float(ini("pgbouncer/pgbouncer.ini")["query_wait_timeout"])
