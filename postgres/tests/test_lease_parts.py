"""What the early release is made of, each part against what it meets: etcd, a leader, Patroni's keys, Postgres."""

import base64
import importlib
import json
import socket
import stat
import sys
import threading
import time
import types
import urllib.request
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from lease import etcd, facts, probes
from lease.facts import Doubt, Entry
from pgnode import render, supervise

# -- etcd -------------------------------------------------------------------------------------------------------------


def decoded(text):
    return base64.b64decode(text).decode()


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Keys:
    """What the members have in common, in the gateway's JSON, which leaves out what is zero or empty."""

    def __init__(self):
        self.kept, self.revision, self.lock = {}, 0, threading.Lock()

    def put(self, key, value):
        self.revision += 1
        self.kept[key] = Entry(value, self.revision)

    def range(self, body):
        first, end = decoded(body["key"]), decoded(body["range_end"])
        found = [kv(key, entry) for key, entry in sorted(self.kept.items()) if first <= key < end]
        return {"kvs": found, "count": str(len(found))} if found else {}

    def txn(self, body):
        for compare in body["compare"]:
            assert (compare["target"], compare["result"]) == ("MOD", "EQUAL")
            entry = self.kept.get(decoded(compare["key"]))
            if int(compare["mod_revision"]) != (entry.revision if entry else 0):
                return {}
        for request in body["success"]:
            if put := request.get("request_put"):
                self.put(decoded(put["key"]), decoded(put["value"]))
            else:
                self.kept.pop(decoded(request["request_delete_range"]["key"]), None)
        return {"succeeded": True}

    def answer(self, path, body):
        with self.lock:
            said = {"/v3/kv/range": self.range, "/v3/kv/txn": self.txn}[path](body)
            return {"header": {"revision": str(self.revision)}} | said


def kv(key, entry):
    return {"key": encoded(key), "mod_revision": str(entry.revision)} | (
        {"value": encoded(entry.value)} if entry.value else {}
    )


class Member(ThreadingHTTPServer):
    """One member; it answers from the keys, unless `says` is other bytes or "silent"."""

    daemon_threads = True

    def __init__(self, host, port, keys):
        self.keys, self.says, self.status, self.asked, self.over = keys, None, 200, 0, threading.Event()
        super().__init__((host, port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def end(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        member = self.server
        member.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if member.says == "silent":
            member.over.wait(5)
            return
        said = json.dumps(member.keys.answer(self.path, body)).encode() if member.says is None else member.says
        self.send_response(member.status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@pytest.fixture
def members(monkeypatch):
    """Two members with one set of keys, at addresses of their own and one port."""
    keys = Keys()
    first = Member("127.0.0.71", 0, keys)
    both = [first, Member("127.0.0.72", first.server_port, keys)]
    monkeypatch.setattr(etcd, "PORT", first.server_port)
    yield both
    for member in both:
        member.end()


@pytest.fixture
def store(members):
    return etcd.Etcd(["127.0.0.71", "127.0.0.72"], timeout=0.2)


def test_what_lies_below_a_prefix_is_read_with_its_revisions(members, store):
    assert store.read("/a/") == {}
    for key, value in {"/a/leader": "n1", "/a/fence/n2": "", "/a0": "beyond", "/b/leader": "other"}.items():
        members[0].keys.put(key, value)
    assert store.read("/a/") == {"leader": Entry("n1", 1), "fence/n2": Entry("", 2)}


def test_a_change_is_made_only_when_each_key_has_its_revision(members, store):
    members[0].keys.put("/a/leader", "n1")
    assert not store.change({"/a/leader": 1, "/a/sync": 1}, put={"/a/word": "w"})
    assert not store.change({"/a/leader": 2}, delete=["/a/leader"])
    assert store.change({"/a/leader": 1, "/a/word": 0}, put={"/a/word": "w"})
    assert not store.change({"/a/word": 0}, put={"/a/word": "again"})
    assert store.change({"/a/leader": 1, "/a/word": 2}, delete=["/a/leader"])
    assert store.read("/a/") == {"word": Entry("w", 2)}


BAD = {"silent": (200, "silent"), "503": (503, b"{}"), "no JSON": (200, b"<html>"), "no etcd": (200, b"[]")}


@pytest.mark.parametrize("bad", BAD)
def test_the_next_member_is_asked_and_then_preferred(members, store, bad):
    members[0].status, members[0].says = BAD[bad]
    members[1].keys.put("/a/leader", "n1")
    for _ in range(2):
        assert store.read("/a/") == {"leader": Entry("n1", 1)}
    assert [member.asked for member in members] == [1, 2]


@pytest.mark.parametrize("bad", BAD)
def test_without_any_answer_there_is_doubt(members, store, bad):
    for member in members:
        member.status, member.says = BAD[bad]
    with pytest.raises(Doubt):
        store.read("/a/")
    with pytest.raises(Doubt):
        store.change({"/a/leader": 0}, put={"/a/word": "w"})


def test_dead_members_are_doubt(members, store):
    for member in members:
        member.end()
    with pytest.raises(Doubt):
        store.read("/a/")


@pytest.mark.parametrize(
    "entry", ["{}", '{"key": "L2Ev", "mod_revision": "x"}', '{"key": "/w==", "mod_revision": "1"}']
)
def test_an_answer_that_is_not_understood_is_doubt(members, store, entry):
    members[0].says = b'{"header": {}, "kvs": [%s]}' % entry.encode()
    with pytest.raises(Doubt):
        store.read("/a/")


# -- A leader that answers, or not ------------------------------------------------------------------------------------


@pytest.fixture
def listener():
    """listener(answer) -> a port; without an answer the kernel accepts, as it does for a paused container."""
    sockets = []

    def listen(answer=None):
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)
        if answer:
            threading.Thread(target=say, args=(server, answer), daemon=True).start()
        return server.getsockname()[1]

    yield listen
    for server in sockets:
        server.close()


def say(server, answer):
    link, _ = server.accept()
    with link:
        link.recv(100)
        link.sendall(answer)


@pytest.fixture
def asked(monkeypatch):
    """asked(http port, sql port) -> whether it answers; bounded."""
    monkeypatch.setattr(probes, "SECONDS", 0.3)

    def ask(http, sql):
        monkeypatch.setattr(probes, "HTTP", http)
        monkeypatch.setattr(probes, "SQL", sql)
        began = time.monotonic()
        answers = probes.answers("127.0.0.1")
        assert time.monotonic() - began < 2 * probes.SECONDS
        return answers

    return ask


def test_who_accepts_and_says_nothing_is_silent(asked, listener):
    assert not asked(listener(), listener())


def test_who_refuses_is_silent(asked, listener):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not asked(port, port)


def test_either_answer_is_a_sign_of_life(asked, listener):
    assert asked(listener(b"HTTP/1.0 503 Service Unavailable\r\n\r\n"), listener())
    assert asked(listener(), listener(b"N"))


# -- Patroni's keys, as 4.0.7 writes them -----------------------------------------------------------------------------

ENVIRON = {"NET_PREFIX": "10.77", "NODE": "1"}
DCS = json.dumps(render.dcs(ENVIRON, Path(__file__).resolve().parents[1]), separators=(",", ":"))
MEMBER = (
    '{{"conn_url":"postgres://10.77.4.1{0}:5432/postgres","api_url":"http://10.77.4.1{0}:8008/patroni",'
    '"state":"running","role":"{1}","version":"4.0.7","xlog_location":83886080,"timeline":2}}'
)
KEYS = {
    "initialize": "7512345678901234567",
    "config": DCS,
    "leader": "postgres-1",
    "members/postgres-1": MEMBER.format(1, "primary"),
    "members/postgres-2": MEMBER.format(2, "replica"),
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
    promise = facts.Promise("postgres-1", 3, 6)
    now = seen(**{"fence/postgres-2": promise.text})
    assert now.kept(now.reign) == {"postgres-2": facts.Promise("postgres-1", 3, 6, revision=11)}
    assert now.kept(("postgres-1", 4, 6)) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sync", "no JSON"), ("sync", "[]"), ("sync", '{"sync_standby":["postgres-2"]}'), ("config", "null"),
        ("failover", "postgres-1:postgres-2"), ("members/postgres-1", '{"conn_url":1}'),
        ("fence/postgres-2", "{}"), ("fence/postgres-2", '{"leader":"postgres-1","more":1}'),
    ],
)  # fmt: skip
def test_what_patroni_would_not_write_is_doubt(key, value):
    with pytest.raises(Doubt):
        seen(**{key: value})


CONNINFO = (
    "dbname=postgres user=replicator passfile=/run/patroni/pgpass host=10.77.4.11 port=5432 sslmode=prefer"
    " application_name=postgres-2 gssencmode=prefer channel_binding=prefer sslnegotiation=postgres"
)


@pytest.mark.parametrize(
    ("conninfo", "host"),
    [(CONNINFO, "10.77.4.11"), ("host='n1' port=5432", "n1"), ("hostaddr=10.0.0.1 user=ghost", None), ("", None),
     (None, None)],
)  # fmt: skip
def test_the_host_of_a_connection_string(conninfo, host):
    assert facts.host(conninfo) == host


# -- This node's Postgres; psycopg2 and a server are in the stack's image only (tests/stack/test_early_release.py) -----


class Postgres:
    """A standby by the socket, as far as `lease.server` asks."""

    class Error(Exception):
        pass

    def __init__(self, folder):
        self.file = folder / "postgresql.auto.conf"
        self.file.write_text("")
        self.receiver, self.conninfo, self.down, self.sessions = ("streaming", 0.1), CONNINFO, False, 0
        self.stubborn = False  # the receiver outlives the fence

    def connect(self, **_):
        if self.down:
            raise self.Error("the database system is starting up")
        self.sessions += 1
        return types.SimpleNamespace(cursor=lambda: nullcontext(Cursor(self)), close=lambda: None)

    @property
    def is_fenced(self):
        return "primary_conninfo" in self.file.read_text()

    def alter(self, line):
        """As Postgres' durable_rename does: it opens the old file to write before it puts the new one in its place."""
        if not self.file.stat().st_mode & stat.S_IWUSR:
            raise self.Error('could not open file "postgresql.auto.conf": Permission denied')
        new = self.file.with_suffix(".tmp")
        new.write_text(line)
        new.chmod(0o600)
        new.replace(self.file)
        if line and not self.stubborn:
            self.receiver = (None, None)


class Cursor:
    def __init__(self, postgres):
        self.postgres, self.row = postgres, None

    def execute(self, statement):
        postgres, server = self.postgres, sys.modules["lease.server"]
        if postgres.down:
            raise postgres.Error("server closed the connection unexpectedly")
        if statement.startswith("ALTER SYSTEM"):
            postgres.alter("primary_conninfo = ''\n" if " SET " in statement else "")
        self.row = {
            server.OWN: (True, postgres.is_fenced, *postgres.receiver),
            server.FENCES: (postgres.is_fenced,),
            server.FOLLOWS: (postgres.conninfo,) if postgres.conninfo else None,
            server.RUNNING: (postgres.receiver[0] is not None,),
        }.get(statement)

    def fetchone(self):
        return self.row


@pytest.fixture
def postgres(tmp_path, monkeypatch):
    postgres = Postgres(tmp_path)
    monkeypatch.setitem(sys.modules, "psycopg2", postgres)
    monkeypatch.delitem(sys.modules, "lease.server", raising=False)
    return postgres


@pytest.fixture
def server(postgres, tmp_path):
    return importlib.import_module("lease.server").Server(tmp_path, sleep=lambda seconds: None)


def mode(postgres):
    return stat.S_IMODE(postgres.file.stat().st_mode)


def test_a_fence_is_read_only_and_can_be_lifted(server, postgres):
    assert server.fence()
    assert server.own() == facts.Own(is_standby=True, silence=None, is_fenced=True, follows="10.77.4.11")
    assert mode(postgres) == 0o400
    server.lift()
    assert not server.own().is_fenced
    assert mode(postgres) == 0o600


def test_a_fence_is_set_and_lifted_again_over_a_read_only_file(server, postgres):
    """Left by somebody who ended half-way, or come with a copy of another node's files."""
    postgres.file.chmod(0o400)
    assert server.fence()
    assert server.fence()
    server.lift()
    assert not postgres.is_fenced


def test_a_receiver_that_is_left_is_no_fence_in_force(server, postgres):
    postgres.stubborn = True
    assert not server.fence()


def test_a_node_that_patroni_has_not_pointed_anywhere_follows_nobody(server, postgres):
    postgres.conninfo = None
    assert server.own().follows is None


@pytest.mark.parametrize(
    ("receiver", "calm"),
    [(("streaming", 0.1), True), (("streaming", 0.8), False), (("starting", 0.1), False), ((None, None), False)],
)
def test_calm_is_a_stream_that_was_heard_lately(server, postgres, receiver, calm):
    postgres.receiver = receiver
    assert server.is_calm(0.75) is calm


def test_calm_is_asked_over_one_session_until_that_breaks(server, postgres):
    assert server.is_calm(0.75)
    assert server.is_calm(0.75)
    assert postgres.sessions == 1
    postgres.down = True
    with pytest.raises(Doubt):
        server.is_calm(0.75)
    postgres.down = False
    assert server.is_calm(0.75)
    assert postgres.sessions == 2


def test_a_postgres_that_does_not_answer_is_doubt(server, postgres):
    postgres.down = True
    for ask in (server.own, server.fence, server.lift):
        with pytest.raises(Doubt):
            ask()


def test_a_data_directory_that_is_gone_is_doubt(server, postgres):
    postgres.file.unlink()
    for ask in (server.fence, server.lift):
        with pytest.raises(Doubt):
            ask()


# -- The program ------------------------------------------------------------------------------------------------------


@pytest.fixture
def metrics():
    pytest.importorskip("prometheus_client", reason="the metrics need prometheus_client")
    return importlib.import_module("lease.metrics")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_the_metrics_name_each_step_from_the_start(metrics, capsys):
    port = free_port()
    metrics.serve(port, False)
    metrics.tell("released", leader="postgres-1", revision=3)
    metrics.tell("round", reason="the log arrives")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    assert {"flotilla_lease_enabled 0.0", "flotilla_lease_fenced 0.0"} <= set(lines)
    steps = dict(line.split() for line in lines if line.startswith("flotilla_lease_steps_total{"))
    assert steps == {f'flotilla_lease_steps_total{{step="{s}"}}': str(float(s == "released")) for s in metrics.STEPS}
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["logger"]) for line in said] == [("released", "lease"), ("round", "lease")]


@pytest.fixture
def program(metrics, postgres, monkeypatch):
    main = importlib.import_module("lease.__main__")
    for name, value in (ENVIRON | {"NODE": "2", "EARLY_RELEASE": "0"}).items():
        monkeypatch.setenv(name, value)
    return main


def test_the_program_serves_its_metrics_and_goes_round_after_round(program, monkeypatch):
    made, served, slept = [], [], []

    class Warden:
        fenced_at = None

        def __init__(self, name, own, store, *_, enabled):
            made.append((name, store.hosts, enabled))

        def round(self):
            return 0.25

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(program, "Warden", Warden)
    monkeypatch.setattr(program.metrics, "serve", lambda port, enabled: served.append((port, enabled)))
    monkeypatch.setattr(program.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        program.main()
    assert made == [("postgres-2", ["10.77.4.71", "10.77.4.72", "10.77.4.73"], False)]
    assert (served, slept) == ([(8009, False)], [0.25] * 3)


@pytest.mark.parametrize("wrong", [{"EARLY_RELEASE": "yes"}, {"EARLY_RELEASE": ""}, {"NODE": "x"}, {"NET_PREFIX": ""}])
def test_a_wrong_environment_is_refused_in_one_sentence(program, monkeypatch, wrong):
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=rf"^lease: {next(iter(wrong))}="):
        program.main()


def test_it_is_started_again_when_it_ends_or_cannot_start(monkeypatch, capsys):
    ends = iter([1, OSError("Resource temporarily unavailable"), -9])

    def call(command):
        end = next(ends, None)
        if isinstance(end, OSError):
            raise end
        if end is None:
            raise KeyboardInterrupt
        return end

    monkeypatch.setattr(supervise.subprocess, "call", call)
    with pytest.raises(KeyboardInterrupt):
        supervise.keep_running(["python3", "-m", "lease"], pause=lambda seconds: None)
    said = capsys.readouterr().out
    assert said.count("starting it again") == 3
    assert "lease does not start (Resource temporarily unavailable)" in said
