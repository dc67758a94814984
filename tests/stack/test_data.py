"""The data path: who may do what in Postgres, that the poolers are really used, that nobody is let in without need."""

import os
import time

import pytest
from loadtest.shop import PRODUCT
from stack.engine import NET_PREFIX, inside, one, run, secret
from stack.servers import HAPROXIES, haproxy_stats, members, primaries_up, primary, sql, standby, value

# Role -> its databases.
SERVICES = {"web": ["web"], "products": ["products"], "orders": ["orders"], "users": ["users_0", "users_1", "users_2"]}
APPLICATIONS = tuple(role for service in SERVICES for role in (service, f"{service}_ro"))


def test_one_primary_and_two_streaming_standbys():
    states = members()
    assert len(states) == 3
    assert [role for role, _ in states.values()].count("leader") == 1
    assert [state for _, state in states.values()].count("streaming") == 2


def test_a_commit_waits_for_a_quorum():
    assert value("SHOW synchronous_standby_names", database="postgres").startswith("ANY 1")
    assert value("SHOW synchronous_commit", database="postgres") == "on"
    assert value("SHOW data_checksums", database="postgres") == "on"


@pytest.mark.parametrize("role", APPLICATIONS)
def test_an_application_is_no_superuser_and_may_not_replicate(role):
    rights = "rolsuper, rolreplication, rolcreaterole, rolcreatedb, rolbypassrls"
    assert sql(f"SELECT {rights} FROM pg_roles WHERE rolname = '{role}'") == [["f", "f", "f", "f", "f"]]


def test_only_the_nodes_own_role_may_replicate():
    rows = sql("SELECT rolname FROM pg_roles WHERE rolreplication AND NOT rolsuper")
    assert rows == [["replicator"]]


def test_passwords_are_scram():
    rows = sql("SELECT rolname FROM pg_authid WHERE rolpassword IS NOT NULL AND rolpassword NOT LIKE 'SCRAM-SHA-256$%'")
    assert rows == []
    rules = sql("SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type <> 'local'")
    assert {method for (method,) in rules} <= {"scram-sha-256", "reject"}


@pytest.mark.parametrize(("service", "database"), [(role, name) for role, names in SERVICES.items() for name in names])
def test_the_read_only_role_cannot_write(service, database):
    query = (
        "SELECT count(*) FROM information_schema.role_table_grants"
        f" WHERE grantee = '{service}_ro' AND privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')"
    )
    assert value(query, database=database) == "0"
    assert value(f"SELECT has_schema_privilege('{service}_ro', 'public', 'CREATE')", database=database) == "f"
    may_read = f"SELECT bool_and(has_table_privilege('{service}_ro', oid, 'SELECT')) FROM pg_class"
    assert value(may_read + rf" WHERE relname LIKE '{service}\_%' AND relkind = 'r'", database=database) == "t"


def as_role(role: str, query: str, options="", database="") -> str:
    """Ask the primary's own port from a standby, as an application role with its right password -> answer or error."""
    database = database or SERVICES[role.removesuffix("_ro")][0]
    target = f"host={NET_PREFIX}.4.1{primary()[-1]} port=5432 dbname={database} user={role} {options}"
    command = ["docker", "exec", "-e", "PGPASSWORD", one(standby()).id, "psql", target, "-XAtc", query]
    done = run(*command, check=False, env=os.environ | {"PGPASSWORD": secret(f"db_{role}")})
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("role", APPLICATIONS)
def test_replication_is_refused_to_applications(role):
    assert as_role(role, "SELECT 1") == "1", "the control: an ordinary login must work"
    for options in ("replication=true", "replication=database"):
        assert "FATAL" in as_role(role, "IDENTIFY_SYSTEM", options)


@pytest.mark.parametrize("role", APPLICATIONS)
def test_a_service_cannot_enter_the_database_of_another(role):
    for other in SERVICES.keys() - {role.removesuffix("_ro")}:
        for database in SERVICES[other]:
            assert "permission denied for database" in as_role(role, "SELECT 1", database=database)


def test_writing_as_the_read_only_role_fails():
    refusal = as_role("web_ro", "UPDATE web_product SET view_count = 0")
    assert "permission denied" in refusal or "read-only" in refusal


@pytest.mark.parametrize(("service", "database"), [(role, name) for role, names in SERVICES.items() for name in names])
def test_who_reads_on_a_standby_is_told_its_timeline_and_nothing_more_of_the_receiver(service, database):
    timeline = value("SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int")
    asked = "SELECT flotilla.received_timeline(), received_tli, conninfo FROM pg_stat_wal_receiver"
    for node in members().keys() - {primary()}:
        assert sql(f"SET ROLE {service}_ro; {asked}", database=database, node=node) == [[timeline, "", ""]]


def test_django_comes_through_the_poolers_only(account, slugs):
    """Whoever is connected as the application comes from a pooler, or through a balancer that a pooler asked."""
    for slug in slugs:
        account.cart_add(slug)
    allowed = {f"{NET_PREFIX}.4.{host}" for host in (21, 22, 31, 32)}
    seen = set()
    for node in members():
        for (address,) in sql(
            "SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE usename IN ('web', 'web_ro')", node=node
        ):
            seen.add(address)
    assert seen, "nobody is connected"
    assert seen <= allowed, seen - allowed


def test_reads_are_spread_over_the_nodes(account, slugs):
    counts = {
        node: int(value("SELECT xact_commit FROM pg_stat_database WHERE datname = 'web'", node=node))
        for node in members()
    }
    for slug in slugs * 3:
        account.get(PRODUCT.format(slug))
    time.sleep(1.5)  # statistics are written out once a second
    after = {
        node: int(value("SELECT xact_commit FROM pg_stat_database WHERE datname = 'web'", node=node))
        for node in members()
    }
    grown = {node: after[node] - counts[node] for node in counts}
    assert all(grown[node] > 0 for node in grown if node != primary()), grown


def test_both_balancers_see_one_primary():
    leader = [name for name, (role, _) in members().items() if role == "leader"]
    assert [primaries_up(haproxy_stats(name)) for name in HAPROXIES] == [leader, leader]


def test_no_server_answers_without_a_password():
    for service, port in (("redis-1", 6379), ("cache-1", 6379)):
        assert "NOAUTH" in inside(service, "redis-cli", "-p", str(port), "get", "x", check=False)


def test_the_balancers_statistics_need_a_password():
    import urllib.error

    from stack.servers import get

    for url in HAPROXIES.values():
        for path in ("/", "/;csv", "/metrics"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                get(url + path)
            assert refused.value.code == 401
            with pytest.raises(urllib.error.HTTPError):
                get(url + path, password="wrong")
