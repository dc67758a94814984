"""The servers asked over their own networks: a few milliseconds each, where a `docker exec` costs a process and 50.

For tools that run in a container beside the stack: it joins a network when it first asks there. Whoever is dead, paused
or cut off costs LIMIT; every answer is from that server at that moment, none is remembered.
"""

import functools
import http.client
import json
import socket
from pathlib import Path

from stack.engine import NET_PREFIX, PROJECT, run, secret

LIMIT = 1.0  # seconds
NODES = (1, 2, 3)
POSTGRES = {f"postgres-{n}": f"{NET_PREFIX}.4.1{n}" for n in NODES}
ETCD = {f"etcd-{n}": f"{NET_PREFIX}.4.7{n}" for n in NODES}
PGBOUNCER = {f"pgbouncer-{n}": f"{NET_PREFIX}.3.3{n}" for n in (1, 2)}
REDIS = {f"redis-{n}": f"{NET_PREFIX}.3.4{n}" for n in NODES}
SENTINEL = {f"sentinel-{n}": f"{NET_PREFIX}.3.5{n}" for n in NODES}
CACHE = {f"cache-{n}": f"{NET_PREFIX}.3.6{n}" for n in NODES}
SSL_REQUEST = bytes.fromhex("0000000804d2162f")  # a Postgres client's first words; anyone who listens answers S or N


@functools.cache
def join(network: str) -> None:
    """Put this container on one of the stack's networks; it leaves it by ending. A host reaches them as it is."""
    if Path("/.dockerenv").exists():
        run("docker", "network", "connect", f"{PROJECT}_{network}", socket.gethostname(), check=False)


def ask(address: str, port: int, path: str, body: bytes | None = None) -> dict:
    """JSON over HTTP: GET, or POST when there is a body."""
    join("db")
    connection = http.client.HTTPConnection(address, port, timeout=LIMIT)
    try:
        connection.request("POST" if body else "GET", path, body)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def first(addresses: dict[str, str], question):
    """What the first server that answers says; OSError when none does."""
    for address in addresses.values():
        try:
            return question(address)
        except (OSError, ValueError, http.client.HTTPException):
            continue
    raise OSError(f"none of {', '.join(addresses)} answers")


# -- Patroni and etcd --------------------------------------------------------------------------------------------------


def members() -> dict[str, tuple[str, str]]:
    """Postgres node -> (role, state), as Patroni has it: a node killed just now is listed until its lease ends."""
    found = first(POSTGRES, lambda address: ask(address, 8008, "/cluster"))["members"]
    return {member["name"]: (member["role"], member.get("state", "unknown")) for member in found}


def postgres_primary() -> str:
    return next((name for name, (role, state) in members().items() if (role, state) == ("leader", "running")), "")


def postgres_standby() -> str:
    return next((name for name, (role, state) in members().items() if role != "leader" and state == "streaming"), "")


def etcd_status(address: str) -> dict:
    return ask(address, 2379, "/v3/maintenance/status", b"{}")


def etcd_leader() -> str:
    """The member whose loss costs an election."""
    leader = first(ETCD, etcd_status)["leader"]
    listed = first(ETCD, lambda address: ask(address, 2379, "/v3/cluster/member/list", b"{}"))["members"]
    return next((member["name"] for member in listed if member["ID"] == leader), "")


# -- PgBouncer ---------------------------------------------------------------------------------------------------------


def accepts_postgres(address: str, port=6432) -> bool:
    """Whether the server itself answers: of one that is paused the kernel still accepts connections."""
    join("data")
    with socket.create_connection((address, port), timeout=LIMIT) as connection:
        connection.sendall(SSL_REQUEST)
        return connection.recv(1) in (b"S", b"N")


# -- Redis, Sentinel, caches -------------------------------------------------------------------------------------------


def redis(address: str, *words: str, port=6379, password: str | None = None):
    """One command -> a string, an integer, or a list of them; OSError when the answer is an error."""
    join("data")
    with socket.create_connection((address, port), timeout=LIMIT) as connection, connection.makefile("rb") as answers:
        if password:
            connection.sendall(resp("AUTH", password))
            parse(answers)
        connection.sendall(resp(*words))
        return parse(answers)


def resp(*words: str) -> bytes:
    """A command as Redis' protocol has it."""
    parts = (f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    return (f"*{len(words)}\r\n" + "".join(parts)).encode()


def parse(answers):
    line = answers.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:].decode()
    if kind == b"*":
        return [parse(answers) for _ in range(int(rest))]
    if kind == b"$":
        return answers.read(int(rest) + 2)[:-2].decode() if int(rest) >= 0 else None
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    raise OSError(rest or "the connection was closed")


def sentinel_facts(address: str) -> dict[str, str]:
    """What one Sentinel knows of the master: flags, ip, num-slaves, num-other-sentinels …"""
    words = redis(address, "SENTINEL", "MASTER", "main", port=26379)
    return dict(zip(words[::2], words[1::2], strict=False))


def redis_master() -> str:
    address = first(SENTINEL, sentinel_facts)["ip"]
    return next((name for name, known in REDIS.items() if known == address), "")


def redis_replica() -> str:
    """A replica that answers."""
    master = redis_master()
    return next((name for name in REDIS if name != master and pings(REDIS[name], "redis")), "")


def redis_replicas(address: str) -> list[str]:
    """The states of a master's replicas; "online" is in step."""
    text = redis(address, "INFO", "replication", password=secret("redis"))
    lines = (line.partition(":")[2] for line in text.splitlines() if line.startswith("slave") and "state=" in line)
    return [dict(fact.split("=") for fact in line.split(","))["state"] for line in lines]


def pings(address: str, password: str | None = None, port=6379) -> bool:
    """Whether a Redis of any role says PONG; `password` is a secret's name."""
    try:
        return redis(address, "PING", port=port, password=password and secret(password)) == "PONG"
    except OSError:
        return False
