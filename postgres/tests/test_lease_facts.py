"""Patroni's keys, as 4.0.7 writes them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from lease import facts
from lease.facts import Doubt, Entry
from lease_postgres import CONNINFO
from pgnode import render

ENVIRON = {"NET_PREFIX": "10.77", "NODE": "1"}
DCS = json.dumps(render.dcs(ENVIRON, Path(__file__).resolve().parents[1]), separators=(",", ":"))
MEMBER = (
    '{{"conn_url":"postgres://10.77.4.1{0}:5432/postgres","api_url":"http://10.77.4.1{0}:8008/patroni",'
    '"state":"running","role":"{1}","version":"4.0.7","xlog_location":83886080,{2}"timeline":2}}'
)
STREAMING = '"replication_state":"streaming",'
KEYS = {
    "initialize": "7512345678901234567",
    "config": DCS,
    "leader": "postgres-1",
    "members/postgres-1": MEMBER.format(1, "primary", ""),
    "members/postgres-2": MEMBER.format(2, "replica", STREAMING),
    "sync": '{"leader":"postgres-1","quorum":1,"sync_standby":"postgres-2,postgres-3"}',
    "status": '{"optime":83886080,"slots":{"postgres_2":83886080},"retain_slots":["postgres_1","postgres_2"]}',
    "history": '[[1,50331648,"no recovery target specified","2026-01-02T03:04:05.678901+00:00","postgres-1"]]',
    "failsafe": '{"postgres-1":"http://10.77.4.11:8008/patroni","postgres-2":"http://10.77.4.12:8008/patroni"}',
    "failover": "{}",  # what Patroni leaves after a switchover
    "fence/postgres-2": "",
}


def seen(**changes):
    """Each key's revision is its place among them, from 1."""
    return facts.cluster({key: Entry(value, n) for n, (key, value) in enumerate((KEYS | changes).items(), 1)})


def test_a_whole_cluster_is_understood():
    now = seen()
    assert now.reign == ("postgres-1", 3, 6)
    assert now.sync_leader == "postgres-1"
    assert now.voters == {"postgres-2", "postgres-3"}
    assert now.is_strict, "as dcs.yml has it"
    assert (now.is_paused, now.is_handing_over, now.config_revision, now.failover_revision) == (False, False, 2, 10)
    assert now.hosts == {"postgres-1": "10.77.4.11", "postgres-2": "10.77.4.12"}
    assert now.streaming == {"postgres-2"}
    assert (now.promises, now.words) == ({}, {"postgres-2": 11})


def test_nothing_at_all_is_no_leader_and_no_voter():
    now = facts.cluster({})
    assert (now.reign, now.voters, now.is_strict, now.failover_revision) == ((None, 0, 0), frozenset(), False, 0)


@pytest.mark.parametrize("sync", ["", "{}", '{"leader":null,"quorum":0,"sync_standby":null}'])
def test_without_sync_state_there_is_no_voter(sync):
    assert (seen(sync=sync).sync_leader, seen(sync=sync).voters) == (None, frozenset())


@pytest.mark.parametrize(
    "failover",
    ['{"leader":"postgres-1"}', '{"member":"postgres-2"}', '{"leader":"postgres-1","scheduled_at":"2030-01-01T00:00"}'],
)
def test_a_switchover_or_failover_is_seen(failover):
    assert seen(failover=failover).is_handing_over


def test_a_promise_is_read_as_it_was_written():
    promise = facts.Promise("postgres-1", 3, 6, 2, 83886080)
    now = seen(**{"fence/postgres-2": promise.text})
    assert now.kept(now.reign) == {"postgres-2": replace(promise, revision=11)}
    assert now.kept(("postgres-1", 4, 6)) == {}


def test_a_promise_of_a_release_that_says_more_is_understood():
    promise = facts.Promise("postgres-1", 3, 6, 2, 83886080)
    more = json.dumps(json.loads(promise.text) | {"more": 1})
    assert seen(**{"fence/postgres-2": more}).promises == {"postgres-2": replace(promise, revision=11)}


@pytest.mark.parametrize(
    "word", ["{}", "[]", "no JSON", '{"leader":"postgres-1","leader_revision":3,"sync_revision":6}']
)
def test_a_promise_that_is_not_understood_counts_for_nobody_and_binds_its_node(word):
    now = seen(**{"fence/postgres-2": word})
    assert now.kept(now.reign) == {}
    assert now.promises["postgres-2"].leader_revision != now.leader_revision


@pytest.mark.parametrize(("config", "seconds"), [("{}", 30), ('{"ttl":40}', 40), ('{"ttl":5}', 20)])
def test_a_lease_lasts_as_long_as_patroni_makes_it(config, seconds):
    assert seen(config=config).lease_seconds == seconds


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sync", "no JSON"), ("sync", "[]"), ("sync", '{"sync_standby":["postgres-2"]}'), ("config", "null"),
        ("failover", "postgres-1:postgres-2"), ("members/postgres-1", '{"conn_url":1}'), ("config", '{"ttl":"x"}'),
    ],
)  # fmt: skip
def test_what_patroni_would_not_write_is_doubt(key, value):
    with pytest.raises(Doubt):
        seen(**{key: value})


@pytest.mark.parametrize(
    ("conninfo", "host"),
    [(CONNINFO, "10.77.4.11"), ("host='n1' port=5432", "n1"), ("hostaddr=10.0.0.1 user=ghost", None), ("", None),
     (None, None)],
)  # fmt: skip
def test_the_host_of_a_connection_string(conninfo, host):
    assert facts.host(conninfo) == host
