"""The exporters' entry point with stand-ins for the exporters: no password in an argument, and clear refusals."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ENTRYPOINT = Path(__file__).resolve().parents[1] / "entrypoint"
NAMES = {"nginx": 9113, "postgres": 9187, "pgbouncer": 9127, "redis": 9121}
SECRETS = ("postgres_monitor", "pgbouncer_stats", "redis", "cache")


@pytest.fixture
def start(tmp_path):
    """A function that starts one exporter: the stand-in prints its arguments and environment."""
    for name in ("secrets", "run", "bin"):
        (tmp_path / name).mkdir()
    for name in SECRETS:
        (tmp_path / "secrets" / name).write_text(f"password0of0{name}")
    for name in NAMES:
        fake = tmp_path / f"bin/prometheus-{name}-exporter"
        fake.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\necho "-- $PGPASSWORD"\n')
        fake.chmod(0o755)

    def run(name):
        folders = {"SECRETS": str(tmp_path / "secrets"), "RUN": str(tmp_path / "run")}
        environment = folders | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "NET_PREFIX": "10.99", "NODE": "2"}
        return subprocess.run([ENTRYPOINT, name], env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(("name", "port"), NAMES.items())
def test_starts_without_a_password_in_its_arguments_and_notes_its_port(start, tmp_path, name, port):
    done = start(name)
    assert done.returncode == 0, done.stderr
    assert "password0of0" not in done.stdout.split("-- ")[0]
    assert (tmp_path / "run/port").read_text() == f"{port}\n"


def test_redis_knows_a_password_for_each_of_nine_targets(start, tmp_path):
    start("redis")
    passwords = json.loads((tmp_path / "run/redis.json").read_text())
    assert len(passwords) == 9
    assert passwords["redis://10.99.3.42:6379"] == "password0of0redis"
    assert passwords["redis://10.99.3.63:6379"] == "password0of0cache"
    assert passwords["redis://10.99.3.51:26379"] == ""


def test_each_target_of_prometheus_has_a_password_entry(start, tmp_path):
    start("redis")
    template = (
        (ENTRYPOINT.parents[1] / "prometheus/prometheus.yml.template").read_text().replace("${NET_PREFIX}", "10.99")
    )
    missing = [
        target for target in json.loads((tmp_path / "run/redis.json").read_text()) if f'"{target}"' not in template
    ]
    assert not missing


def test_postgres_reads_its_password_from_a_file_of_its_own(start, tmp_path):
    start("postgres")
    made = tmp_path / "run/postgres.yml"
    assert "userpass: {username: monitor, password: password0of0postgres_monitor}" in made.read_text()
    assert made.stat().st_mode & 0o077 == 0


def test_pgbouncer_asks_its_own_pooler(start):
    done = start("pgbouncer")
    assert "pgbouncer_stats@10.99.3.32:6432/pgbouncer" in done.stdout
    assert done.stdout.endswith("-- password0of0pgbouncer_stats\n")


@pytest.mark.parametrize(
    ("name", "secret"), [("postgres", "postgres_monitor"), ("pgbouncer", "pgbouncer_stats"), ("redis", "cache")]
)
def test_an_empty_secret_is_refused_by_name(start, tmp_path, name, secret):
    (tmp_path / "secrets" / secret).write_text("")
    done = start(name)
    assert done.returncode == 78
    assert f"secret '{secret}' is missing or empty" in done.stderr


def test_an_unknown_exporter_is_refused(start):
    assert start("mysql").returncode == 78
