"""Connections are budgeted: computed from the compose file and the configurations, on the worst day.

The worst day: `web` scaled to five, one PgBouncer carrying all of it and of the other services, every pool of both
poolers full, and one Postgres node being the primary and, by name, a replica at once.
"""

import re

import pytest

from tests.config.files import ROOT, environment, ini, python_settings, services, shell_settings

SCALED = 5
POOLERS = sorted(name for name in services() if re.fullmatch(r"pgbouncer-\d+", name))
POSTGRES = sorted(name for name in services() if re.fullmatch(r"postgres-\d+", name))
# Not through a pooler: superuser_reserved_connections 3, Patroni 3 and its rewind, the exporter, an operator or two,
# postgres-init. Replication has its own budget (max_wal_senders).
RESERVED = 3 + 4 + 3 + 4 + 1
WORKERS_OWN = 6  # relay, keeper, retries, confirmations, status and the heartbeat, a thread each


def pools(pooler: str) -> dict[str, int]:
    """Database -> connections of each pool, with the reserve; pgbouncer-node reads `database=role:pool+reserve` too."""
    given = environment(pooler)
    usual = f"{given['DEFAULT_POOL_SIZE']}+{given['RESERVE_POOL_SIZE']}"
    items = [item.partition(":") for item in (given.get("DATABASES") or "web").split()]
    sizes = {name.split("=")[0]: size or usual for name, _, size in items} | {"postgres": "1+1"}
    return {name: sum(map(int, size.split("+"))) for name, size in sizes.items()}


def max_connections() -> int:
    return min(int(environment(name)["MAX_CONNECTIONS"]) for name in POSTGRES)


DJANGO = sorted(name for name, one in services().items() if environment(name).get("SERVICE") and one["restart"] != "no")
SERVERS = [name for name in DJANGO if services()[name]["command"] == ["web"]]


def threads(service="web") -> int:
    """That may each hold a connection of every alias: of gunicorn, or of a worker (its messages, and its own loops)."""
    given = environment(service)
    if service not in SERVERS:
        return int(given.get("BUS_THREADS") or 4) + WORKERS_OWN
    return int(given.get("GUNICORN_THREADS") or python_settings("services/gunicorn.conf.py")["threads"])


def replicas(service: str) -> int:
    return SCALED if service == "web" else services()[service]["deploy"]["replicas"]


def test_there_are_two_poolers_and_three_nodes():
    assert len(POOLERS) == 2
    assert len(POSTGRES) == 3
    assert "max_connections: ${MAX_CONNECTIONS}" in (ROOT / "postgres/dcs.yml").read_text()


def test_full_pools_fit_into_max_connections():
    # <db> as the primary, by its owner and by the read-only role that looks for it; <db>_<n> as this very node.
    wanted = sum(3 * sum(pools(pooler).values()) for pooler in POOLERS)
    assert wanted + RESERVED <= max_connections(), f"{wanted} pooled and {RESERVED} others, of {max_connections()}"


def test_one_pooler_alone_takes_every_client():
    prober, exporters = 1, 2  # one connection per process that looks for the primary

    def clients(service: str) -> int:
        given = environment(service)
        shards = 1 + len([name for name in given.get("DATABASE_SHARDS", "").split(",") if name])
        aliases = shards * (1 + len(given["DATABASE_REPLICAS"].split(","))) if given.get("DATABASE_HOSTS") else 0
        return replicas(service) * (threads(service) + prober) * aliases

    wanted = sum(map(clients, DJANGO)) + exporters
    for pooler in POOLERS:
        assert wanted <= int(environment(pooler)["MAX_CLIENT_CONN"]), f"{wanted} clients at {pooler}"


def test_a_pooler_has_a_file_for_each_connection():
    own = 64  # its listener, console, log and resolver
    aliases = 5  # <db> by two roles, <db>_<n> by one
    for pooler in POOLERS:
        clients, servers = int(environment(pooler)["MAX_CLIENT_CONN"]), aliases * sum(pools(pooler).values())
        assert clients + servers + own <= services()[pooler]["ulimits"]["nofile"]


@pytest.mark.parametrize("service", SERVERS)
def test_a_replicas_threads_take_what_both_balancers_send(service):
    slots = sum(slots_of(service).values())
    checks = 4  # two pools check from two HAProxies
    assert 2 * slots + checks <= threads(service)


def slots_of(service: str) -> dict[str, int]:
    """Of one replica, at one balancer: kind -> how many."""
    of = service.upper() if service in ("web", "gateway") else "SERVICE"
    settings = shell_settings("haproxy/settings.sh")
    return {kind: int(settings[f"HAPROXY_{of}_{kind}_MAXCONN"]) for kind in ("SAFE", "UNSAFE")}


@pytest.mark.parametrize("kind", ["SAFE", "UNSAFE"])
def test_a_slow_service_leaves_slots_of_the_gateway_to_the_others(kind):
    slots = 2 * slots_of("gateway")[kind]
    assert int(environment("gateway")[f"GATEWAY_{kind}_AT_ONCE"]) <= 0.75 * slots


def test_the_balancer_holds_all_slots_and_the_pools():
    settings = shell_settings("haproxy/settings.sh")
    slots = sum(10 * sum(slots_of(service).values()) for service in SERVERS)
    pooled = sum(sum(pools(pooler).values()) for pooler in POOLERS)
    # A request is one connection in and one out; so is a pooled one.
    assert slots + pooled <= int(settings["HAPROXY_MAXCONN"])


def test_held_writes_fit_into_the_slots():
    """6 writes a second held for 20 s are 120 requests; with one HAProxy and one web replica gone they still fit."""
    settings = shell_settings("haproxy/settings.sh")
    assert 2 * int(settings["HAPROXY_WEB_UNSAFE_MAXCONN"]) >= 6 * 20


def test_a_held_write_gives_up_before_the_pooler_does():
    hold = float(environment("web")["WRITE_HOLD_SECONDS"])
    assert hold < float(ini("pgbouncer/pgbouncer.ini")["query_wait_timeout"])
