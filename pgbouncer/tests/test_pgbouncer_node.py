"""What pgbouncer-node renders and refuses; a stub stands in for PgBouncer itself."""

import configparser
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]


@pytest.fixture
def node(tmp_path):
    """A function that runs pgbouncer-node with changes to a good environment. -> (process, rendered file)"""
    stub = tmp_path / "pgbouncer"
    stub.write_text('#!/bin/sh\necho "started $1"\n')
    stub.chmod(0o755)
    (tmp_path / "userlist").write_text('"web" "SCRAM-SHA-256$…"\n')
    config = tmp_path / "run" / "pgbouncer.ini"

    def run(**changes):
        environ = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "NET_PREFIX": "10.77",
            "NODE": "1",
            "PGBOUNCER_CONFIG": str(config),
            "PGBOUNCER_TEMPLATE": str(HERE / "pgbouncer.ini"),
            "PGBOUNCER_USERLIST": str(tmp_path / "userlist"),
        }
        return subprocess.run([HERE / "pgbouncer-node"], env=environ | changes, capture_output=True, text=True), config

    return run


def parsed(path):
    ini = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",), delimiters=("=",))
    ini.read(path)
    return ini


def test_it_ends_as_pgbouncer_with_the_rendered_file(node):
    process, config = node()
    assert (process.returncode, process.stdout) == (0, f"started {config}\n")


def test_the_primary_is_reached_through_both_balancers_each_instance_preferring_another(node):
    _, config = node()
    assert parsed(config)["databases"]["web"].startswith("host=10.77.4.21,10.77.4.22 port=5432")
    _, config = node(NODE="2")
    line = parsed(config)["databases"]["web"]
    assert line.startswith("host=10.77.4.22,10.77.4.21 port=5432")
    assert line.endswith("load_balance_hosts=disable")


def test_each_replica_is_reached_by_its_own_address(node):
    _, config = node()
    databases = parsed(config)["databases"]
    assert [databases[f"web_{n}"] for n in (1, 2, 3)] == [f"host=10.77.4.1{n} port=5432 dbname=web" for n in (1, 2, 3)]


def test_a_further_service_is_one_line(node):
    _, config = node(DATABASES="web\nusers_0=users")
    databases = list(parsed(config)["databases"])
    assert databases == [
        f"{name}{suffix}" for name in ("web", "users_0", "postgres") for suffix in ("", "_1", "_2", "_3")
    ]


def test_the_budget_comes_from_the_environment(node):
    _, config = node(DEFAULT_POOL_SIZE="9", RESERVE_POOL_SIZE="1", MAX_CLIENT_CONN="100", NODE="2")
    settings = parsed(config)["pgbouncer"]
    names = ("default_pool_size", "reserve_pool_size", "max_client_conn", "peer_id")
    assert [settings[name] for name in names] == ["9", "1", "100", "2"]


def test_no_setting_can_cut_a_commit_short(node):
    _, config = node()
    settings = parsed(config)["pgbouncer"]
    assert settings["pool_mode"] == "transaction"
    assert settings["auth_type"] == "scram-sha-256"
    assert "query_timeout" not in settings
    assert "transaction_timeout" not in settings


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"NODE": "3"}, "NODE must be 1 or 2"),
        ({"NET_PREFIX": "10.77.0"}, "NET_PREFIX must be two octets"),
        ({"PGBOUNCER_USERLIST": "/nowhere"}, "cannot be read"),
        ({"PGBOUNCER_USERLIST": "/dev/null"}, "is empty"),
        ({"DATABASES": "web Users"}, "not of the form database=role:pool+reserve"),
        ({"DATABASES": "users:3"}, "not of the form"),
        ({"DATABASES": "users_0=:3+1"}, "not of the form"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(node, changes, sentence):
    process, _ = node(**changes)
    assert process.returncode == 78
    assert sentence in process.stderr
    assert process.stderr.count("\n") == 1


def test_a_database_may_have_pools_of_its_own_size(node):
    _, config = node(DATABASES="web\nusers_0=users:3+1\nsmall:2+0")
    databases = parsed(config)["databases"]
    for name in ("users_0", "users_0_1", "users_0_3"):
        assert databases[name].endswith(" pool_size=3 reserve_pool_size=1")
        assert "dbname=users_0 " in databases[name]
    assert databases["small_2"].endswith(" pool_size=2 reserve_pool_size=0")
    assert "pool" not in databases["web"] + databases["web_1"]
    assert databases["postgres"].endswith(" pool_size=1 reserve_pool_size=1")  # for people, now and then
