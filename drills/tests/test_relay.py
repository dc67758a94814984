"""Who relays: found through the server process, the pooler that has it, and the address of its client."""

import psycopg
import pytest
from stack.engine import Container

from drills import relay

WORKERS = [Container("orders-worker", n, f"id{n}", "running", f"flotilla-orders-worker-{n}") for n in (1, 2)]


class Server:
    """A connection that answers each statement with the next of its rows, the last one for ever."""

    def __init__(self, **answers: list[list[dict]]):
        self.answers = answers
        self.asked: list[str] = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, query: str, parameters=None) -> "Server":
        self.asked.append(query)
        name = query.split()[-1].lower() if query.startswith("SHOW") else "locks"
        rows = self.answers[name]
        self.rows = rows.pop(0) if len(rows) > 1 else rows[0]
        return self

    def fetchall(self) -> list[dict]:
        return self.rows

    def fetchone(self) -> dict | None:
        return self.rows[0] if self.rows else None


def pooler(*servers: dict) -> Server:
    clients = [{"ptr": "c1", "addr": "10.0.3.7"}, {"ptr": "c2", "addr": "10.0.3.8"}]
    return Server(servers=[list(servers)], clients=[clients])


def server(process: int, link: str, database="orders") -> dict:
    return {"remote_pid": process, "link": link, "database": database}


@pytest.fixture
def stack(monkeypatch):
    """Two workers; connections are given out by `opened`, Postgres first."""
    opened: list[Server] = []
    addresses = {one.id: f"10.0.3.{6 + one.number}" for one in WORKERS}
    monkeypatch.setattr(relay, "WITHIN", 0.05)
    monkeypatch.setattr(relay, "connect", lambda *_: opened.pop(0))
    monkeypatch.setattr(relay, "primary", lambda: "10.0.4.11")
    monkeypatch.setattr(relay, "containers", lambda service: WORKERS)

    def api(path: str) -> dict:
        networks = {"app": {"IPAddress": "10.0.2.9"}, "data": {"IPAddress": addresses[path.split("/")[2]]}}
        return {"NetworkSettings": {"Networks": networks}}

    monkeypatch.setattr(relay, "api", api)
    return opened


def test_the_worker_that_holds_the_lock_is_named(stack, monkeypatch):
    monkeypatch.setattr(relay, "WITHIN", 5)
    postgres = Server(locks=[[], [], [{"pid": 41}]])
    stack += [postgres, pooler(server(40, "c1")), pooler(server(40, "c1"), server(41, "c2"))]
    assert relay.holder() == "flotilla-orders-worker-2"
    assert "pg_locks" in postgres.asked[0]


def test_a_lock_that_has_changed_hands_meanwhile_tells_nothing(stack):
    stack += [Server(locks=[[{"pid": 41}], [{"pid": 42}], []]), pooler(server(41, "c1")), pooler()]
    assert relay.holder() == "orders-worker"


@pytest.mark.parametrize(
    "there", [[], [server(41, "")], [server(40, "c1")], [server(41, "c1", "orders_2")]], ids=repr
)  # fmt: skip
def test_a_process_that_serves_nobody_here_tells_nothing(stack, there):
    stack += [Server(locks=[[{"pid": 41}]]), pooler(*there), pooler()]
    assert relay.holder() == "orders-worker"


def test_while_nobody_relays_any_of_them_will_do(stack):
    stack += [Server(locks=[[]]), pooler(), pooler()]
    assert relay.holder() == "orders-worker"


@pytest.mark.parametrize("clients", [[], [{"ptr": "c1", "addr": "10.0.3.99"}]])
def test_a_client_that_is_no_worker_of_orders_tells_nothing(stack, clients):
    poolers = [Server(servers=[[server(41, "c1")]], clients=[clients]), pooler()]
    stack += [Server(locks=[[{"pid": 41}]]), *poolers]
    assert relay.holder() == "orders-worker"


def test_a_database_that_does_not_answer_is_an_answer_that_is_missing(monkeypatch):
    def silent():
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(relay, "primary", silent)
    with pytest.raises(OSError, match="connection refused"):
        relay.holder()
