"""etcd's gateway: what is read and changed, and that every bad answer is doubt."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from lease import etcd
from lease.facts import Doubt, Entry


def decoded(text):
    return base64.b64decode(text).decode()


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Keys:
    """What the members have in common, in the gateway's JSON, which leaves out what is zero or empty."""

    def __init__(self):
        self.kept, self.revision, self.lock = {}, 0, threading.Lock()

    def put(self, key, value, lease=0):
        self.revision += 1
        self.kept[key] = Entry(value, self.revision, lease)

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
            put = request["request_put"]
            self.put(decoded(put["key"]), decoded(put["value"]), int(put["lease"]))
        return {"succeeded": True}

    def answer(self, path, body):
        with self.lock:
            said = {"/v3/kv/range": self.range, "/v3/kv/txn": self.txn}[path](body)
            return {"header": {"revision": str(self.revision)}} | said


def kv(key, entry):
    rest = {"value": encoded(entry.value)} if entry.value else {}
    rest |= {"lease": str(entry.lease)} if entry.lease else {}
    return {"key": encoded(key), "mod_revision": str(entry.revision)} | rest


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
    return etcd.Etcd(["127.0.0.71", "127.0.0.72"], timeout=1)


def test_what_lies_below_a_prefix_is_read_with_its_revisions(members, store):
    assert store.read("/a/") == {}
    for key, value in {"/a/leader": "n1", "/a/fence/n2": "", "/a0": "beyond", "/b/leader": "other"}.items():
        members[0].keys.put(key, value)
    assert store.read("/a/") == {"leader": Entry("n1", 1), "fence/n2": Entry("", 2)}


def test_a_change_is_made_only_when_each_key_has_its_revision(members, store):
    members[0].keys.put("/a/leader", "n1")
    assert not store.change({"/a/leader": 1, "/a/sync": 1}, put={"/a/word": "w"})
    assert not store.change({"/a/leader": 2}, put={"/a/leader": "n2"}, lease=77)
    assert store.change({"/a/leader": 1, "/a/word": 0}, put={"/a/word": "w"})
    assert not store.change({"/a/word": 0}, put={"/a/word": "again"})
    assert store.change({"/a/leader": 1, "/a/word": 2}, put={"/a/leader": "n2"}, lease=77)
    assert store.read("/a/") == {"leader": Entry("n2", 3, 77), "word": Entry("w", 2)}


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
    store.timeout = 0.2
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
