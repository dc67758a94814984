"""Rendering, repair and supervision of one node."""

import json
import os
import signal
import stat
import sys
import threading
import time
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from pgnode import render, repair, supervise

TEMPLATES = Path(__file__).resolve().parents[1]
ENVIRON = {"NET_PREFIX": "10.77", "NODE": "2", "MAX_CONNECTIONS": "250"}


@pytest.fixture
def secrets(tmp_path):
    for name in render.NODE_SECRETS:
        (tmp_path / name).write_text(f"secret-of-{name}\n")
    return tmp_path


def config(secrets, **changes):
    return yaml.safe_load(render.patroni(ENVIRON | changes, secrets, TEMPLATES))


def test_a_node_knows_its_name_address_and_secrets(secrets):
    node = config(secrets)
    assert node["name"] == "postgres-2"
    assert node["postgresql"]["connect_address"] == "10.77.4.12:5432"
    assert node["restapi"]["authentication"]["password"] == "secret-of-patroni_api"
    assert node["etcd3"]["hosts"][2] == "10.77.4.73:2379"


def test_the_addresses_follow_the_prefix(secrets):
    text = render.patroni(ENVIRON | {"NET_PREFIX": "10.99"}, secrets, TEMPLATES)
    assert "10.77" not in text
    assert "$" not in text


def test_every_node_may_call_every_node_when_etcd_is_away(secrets):
    allowed = config(secrets)["restapi"]["allowlist"]
    assert {"127.0.0.1", "10.77.4.11", "10.77.4.12", "10.77.4.13", "10.77.4.19"} == set(allowed)


def test_the_timers_fit_into_the_lease(secrets):
    dcs = config(secrets)["bootstrap"]["dcs"]
    assert dcs["loop_wait"] + 2 * dcs["retry_timeout"] <= dcs["ttl"]
    assert dcs["ttl"] >= 20, "Patroni would raise it silently"
    assert dcs["synchronous_mode"] == "quorum"
    assert dcs["synchronous_mode_strict"] is True


def test_nothing_that_can_cancel_a_commit_is_set_for_everybody(secrets):
    parameters = config(secrets)["bootstrap"]["dcs"]["postgresql"]["parameters"]
    assert not {"statement_timeout", "transaction_timeout"} & set(parameters)


def test_nobody_is_trusted_and_only_nodes_replicate(secrets):
    rules = [rule.split() for rule in config(secrets)["postgresql"]["pg_hba"]]
    assert {rule[-1] for rule in rules} == {"peer", "scram-sha-256", "reject"}
    senders = [rule[3] for rule in rules if rule[0] == "host" and rule[1] == "replication"]
    assert senders == ["10.77.4.11/32", "10.77.4.12/32", "10.77.4.13/32"]
    # First match wins: the refusal of the privileged roles stands before the rule for everybody.
    assert rules[-2][2:] == ["postgres,replicator,rewind", "all", "reject"]
    assert rules[-1] == ["host", "all", "all", "10.77.4.0/24", "scram-sha-256"]


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_missing_or_empty_secret_is_refused_by_name(secrets, content):
    path = secrets / "postgres_rewind"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(render.ConfigError, match=r"postgres_rewind.*make secrets"):
        config(secrets)


@pytest.mark.parametrize("changes", [{"NODE": ""}, {"NODE": "x"}, {"NET_PREFIX": "10"}, {"NET_PREFIX": "10.77.0"}])
def test_a_wrong_environment_is_refused(secrets, changes):
    with pytest.raises(render.ConfigError, match=next(iter(changes))):
        config(secrets, **changes)


def test_an_unwritable_volume_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(render.ConfigError, match="not writable"):
        supervise.check_volume(tmp_path)


def test_the_rendered_file_is_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setattr(render, "patroni", lambda environ: "text")
    target = supervise.write_config({}, tmp_path)
    assert target.read_text() == "text"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


class Etcd:
    """An etcd that holds the given `initialize` key (None: no such key)."""

    def __init__(self, value):
        self.value, self.deleted = value, False

    def __call__(self, verb, body):
        if verb == "deleterange":
            self.deleted = True
            return {}
        if isinstance(self.value, Exception):
            raise self.value
        return {} if self.value is None else {"kvs": [{"value": self.value} if self.value else {}]}


def data_directory(root, *files):
    for name in files:
        (root / "pg" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "pg" / name).write_text("x")
    return root / "pg"


def test_an_absent_or_empty_data_directory_needs_no_repair(tmp_path):
    assert repair.repair(tmp_path / "pg", Etcd("")) is None
    (tmp_path / "pg").mkdir()
    assert repair.repair(tmp_path / "pg", Etcd("")) is None


COMPLETE = ("PG_VERSION", "global/pg_control", "patroni.dynamic.json")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (("PG_VERSION", "base/1/1"), "copy that was cut off"),
        ((*COMPLETE, "backup_manifest.tmp"), "copy that was cut off"),
        ((*COMPLETE, "backup_label", "backup_manifest"), "never started"),
        ((*COMPLETE, f"../{repair.MARK}"), "rewind that was cut off"),
    ],
)
def test_the_remains_of_a_copy_or_a_rewind_are_removed(tmp_path, files, reason):
    data = data_directory(tmp_path, *files)
    assert reason in repair.repair(data, Etcd("NzcxMA=="))
    assert not data.exists()
    assert not (tmp_path / repair.MARK).exists()


def test_a_copy_that_has_run_is_kept(tmp_path):
    data = data_directory(tmp_path, *COMPLETE, "backup_label.old", "backup_manifest", "standby.signal")
    assert repair.repair(data, Etcd("NzcxMA==")) is None
    assert data.exists()


def test_a_creation_cut_off_is_removed_with_its_key(tmp_path):
    data, etcd = data_directory(tmp_path, "global/pg_control"), Etcd("")
    assert "creation" in repair.repair(data, etcd)
    assert etcd.deleted
    assert not data.exists()


@pytest.mark.parametrize("state", [None, "NzcxMA==", ConnectionRefusedError()])
def test_a_complete_directory_is_never_removed(tmp_path, state):
    data, etcd = data_directory(tmp_path, "global/pg_control"), Etcd(state)
    assert repair.repair(data, etcd) is None
    assert data.exists()
    assert not etcd.deleted


def test_a_directory_that_was_in_use_is_never_removed(tmp_path):
    data = data_directory(tmp_path, "global/pg_control", "patroni.dynamic.json")
    assert repair.repair(data, Etcd("")) is None
    assert data.exists()


def test_etcd_asks_the_next_host_when_one_is_silent(monkeypatch):
    def urlopen(request, timeout):
        if "dead" in request.full_url:
            raise OSError("dead")
        return BytesIO(json.dumps({"from": request.full_url}).encode())

    monkeypatch.setattr(repair.urllib.request, "urlopen", urlopen)
    assert repair.etcd(["dead", "alive"], "range", {}) == {"from": "http://alive:2379/v3/kv/range"}
    with pytest.raises(OSError, match="dead"):
        repair.etcd(["dead"], "range", {})


def fake_patroni(folder, monkeypatch, code):
    program = folder / "patroni"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_the_exit_code_of_a_patroni_that_dies_is_passed_on(tmp_path, monkeypatch):
    fake_patroni(tmp_path, monkeypatch, "raise SystemExit(3)")
    assert supervise.run_patroni("config", lambda: "unused") == 3


def test_a_signal_hands_over_before_patroni_is_told_to_stop(tmp_path, monkeypatch, capsys):
    fake_patroni(tmp_path, monkeypatch, "import time\ntime.sleep(30)")
    before = {number: signal.signal(number, supervise.on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    started = time.monotonic()
    try:
        assert supervise.run_patroni("config", lambda: "handed over to b") == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert time.monotonic() - started < 10
    assert "handed over to b" in capsys.readouterr().out
