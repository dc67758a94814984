"""What the engine and the servers say, as facts."""

import json

import pytest

from watch import parse
from watch.facts import CUT, DOWN, PAUSED, SICK, UP, Balanced, Changed, Database, Request, Sessions
from watch.nodes import label, node_name, rows, tier_of

LINE = {"status": 200, "duration": 0.012, "cache": "", "served_by": "web-1", "uri": "/"}


def logged(**changes) -> str:
    return json.dumps(LINE | changes)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, Request(200, 0.012, "web-1")),
        ({"cache": "HIT"}, Request(200, 0.012, "cache")),
        ({"cache": "MISS", "served_by": "-, web-2"}, Request(200, 0.012, "web-2")),
        ({"served_by": "", "status": 404}, Request(404, 0.012, "edge")),
        ({"served_by": "-", "status": 502}, Request(502, 0.012, "edge")),
    ],
)
def test_a_line_of_the_edges_log_is_a_request(changes, found):
    assert parse.request(logged(**changes)) == found


@pytest.mark.parametrize(
    "line", ["2026/11/21 12:49:34 [warn] 40#40: *17 upstream server", "{broken", '{"logger":"nginx"}', ""]
)
def test_other_lines_are_none(line):
    assert parse.request(line) is None


# -- The engine --------------------------------------------------------------------------------------------------------


def test_the_list_has_a_node_per_container_and_no_jobs():
    states, names = parse.listed(
        [
            "a1|web|2|running|Up 2 minutes (healthy)|shop_app,shop_data",
            "a2|postgres-1|1|exited|Exited (137) 3 seconds ago|shop_db",
            "a3|nginx|1|paused|Up 2 minutes (Paused)|shop_edge",
            "a4|etcd-1|1|running|Up 2 minutes (unhealthy)|shop_db",
            "a5|cache-1|1|running|Up 2 minutes (healthy)|",
            "a6|web-migrate|1|exited|Exited (0) 2 minutes ago|shop_app",
        ]
    )
    assert states == {"web-2": UP, "postgres-1": DOWN, "nginx": PAUSED, "etcd-1": SICK, "cache-1": CUT}
    assert names["a1"] == "web-2"


def event(action: str, *, kind="container", project="shop", service="web", **about) -> str:
    labels = {"project": project, "service": service, "container-number": "2", "oneoff": "False"}
    attributes = (
        {f"com.docker.compose.{name}": value for name, value in labels.items()} if kind == "container" else about
    )
    return json.dumps({"Type": kind, "Action": action, "Actor": {"ID": "a1", "Attributes": attributes}})


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (event("die"), Changed("web-2", DOWN)),
        (event("start"), Changed("web-2", UP)),
        (event("pause"), Changed("web-2", PAUSED)),
        (event("die", project="another"), None),
        (event("die", service="web-migrate"), None),
        (event("exec_start: sh"), None),
        (event("disconnect", kind="network", container="a7", name="shop_app"), Changed("web-7", CUT)),
        (event("connect", kind="network", container="a7", name="shop_app"), Changed("web-7", UP)),
        (event("disconnect", kind="network", container="a7", name="another_app"), None),
        (event("disconnect", kind="network", container="unknown", name="shop_app"), None),
    ],
)
def test_an_event_of_the_engine_is_a_change_of_one_of_ours(line, found):
    assert parse.changed(line, "shop", {"a7": "web-7"}) == found


def test_names_and_tiers():
    assert node_name("web", 2) == "web-2"
    assert node_name("postgres-1", 1) == "postgres-1"
    assert node_name("nginx", 1) == "nginx"
    assert node_name("redis-exporter", 1) == "redis-exporter"
    assert [tier_of(name) for name in ("web-2", "postgres-1", "pgbouncer-exporter-1")] == ["web", "postgres", "ops"]
    assert [label(name) for name in ("web-10", "nginx", "users-2")] == ["10", "1", "2"]


def test_rows_follow_the_way_of_a_request_and_know_tiers_to_come():
    found = rows(["prometheus", "web-10", "web-2", "users-1", "nginx", "redis-exporter"])
    assert found == {
        "nginx": ["nginx"], "web": ["web-2", "web-10"], "users": ["users-1"], "ops": ["prometheus", "redis-exporter"],
    }  # fmt: skip


# -- Servers -----------------------------------------------------------------------------------------------------------


def row(pool: str, server: str, status: str, lastchg="5") -> dict:
    return {"pxname": pool, "svname": server, "status": status, "lastchg": lastchg}


def test_haproxy_says_who_is_primary_and_how_many_replicas_are_in_rotation():
    found = parse.balanced(
        "haproxy-1",
        [
            row("web_safe", "web-1", "UP"), row("web_safe", "web-2", "DOWN"), row("web_safe", "web-3", "UP 1/2"),
            row("web_safe", "web-4", "MAINT (resolution)"), row("web_unsafe", "web-1", "UP"),
            row("postgres_primary", "postgres-1", "DOWN"), row("postgres_primary", "postgres-2", "UP", "800"),
            row("postgres_primary", "BACKEND", "UP"),
        ],
    )  # fmt: skip
    assert found == Balanced("haproxy-1", True, {"postgres-2": 800.0}, (2, 3))


def test_the_database_says_states_lags_and_who_leads_etcd():
    members = [{"name": "postgres-1", "state": "running"}, {"name": "postgres-2", "state": "streaming", "lag": 12}]
    etcd = {
        "etcd-1": {"leader": "7", "header": {"member_id": "5"}},
        "etcd-2": {"leader": "7", "header": {"member_id": "7"}},
    }
    found = parse.database(json.dumps({"cluster": {"members": members}, "etcd": etcd | {"etcd-3": None}}))
    assert found == Database(
        {"postgres-1": ("running", None), "postgres-2": ("streaming", 12)}, {"etcd-1": False, "etcd-2": True}
    )


def test_a_patroni_that_is_silent_leaves_the_nodes_to_the_engine():
    assert parse.database('{"cluster": null, "etcd": {"etcd-1": null}}') == Database({}, {})


def test_sentinel_says_who_is_master_and_whom_it_cannot_reach():
    replicas = "name\nx\nip\n10.0.3.43\nflags\nslave\nname\ny\nip\n10.0.3.42\nflags\ns_down,slave,disconnected\n"
    assert parse.sessions(f"10.0.3.41\n6379\n{replicas}PONG\n") == Sessions("redis-1", frozenset({"redis-2"}))


def test_a_sentinel_that_knows_no_master_says_nothing():
    assert parse.sessions("\nPONG\n") is None
