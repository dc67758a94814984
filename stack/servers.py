"""The servers behind the edge, asked directly: Postgres by SQL, HAProxy by its statistics, Prometheus by query."""

import base64
import contextlib
import csv
import io
import json
import time
import urllib.parse
import urllib.request

from stack.engine import NET_PREFIX, inside, question, secret

HAPROXIES = {f"haproxy-{n}": f"http://{NET_PREFIX}.0.2{n}:8404" for n in (1, 2)}
PROMETHEUS = f"http://{NET_PREFIX}.0.80:9090"


def get(url: str, *, user="admin", password: str | None = None, timeout=2) -> str:
    request = urllib.request.Request(url)
    if password:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read().decode()


# -- HAProxy -----------------------------------------------------------------------------------------------------------


def haproxy_stats(name="haproxy-1") -> list[dict]:
    """Every row of the statistics, as HAProxy's CSV names them: pxname, svname, status, stot …"""
    text = get(f"{HAPROXIES[name]}/;csv", password=secret("haproxy_stats"))
    return list(csv.DictReader(io.StringIO(text.removeprefix("# "))))


def up(rows: list[dict], pool: str, server: str) -> list[str]:
    """Of the servers whose names begin so, those that this pool gives requests to."""
    of_pool = (row for row in rows if row["pxname"] == pool and row["svname"].startswith(server))
    return [row["svname"] for row in of_pool if row["status"].startswith("UP")]


def replicas_up(rows: list[dict], service="web") -> list[str]:
    return up(rows, f"{service}_safe", f"{service}-")


def primaries_up(rows: list[dict]) -> list[str]:
    return up(rows, "postgres_primary", "postgres-")


def in_rotation(wanted: int) -> bool:
    """Whether both HAProxies have exactly so many web replicas up."""
    return all(len(replicas_up(haproxy_stats(name))) == wanted for name in HAPROXIES)


# -- Postgres ----------------------------------------------------------------------------------------------------------


def members() -> dict[str, tuple[str, str]]:
    """Node -> (role, state), as Patroni tells it."""
    lines = (line.split() for line in question("postgres_members").splitlines())
    return {parts[0]: (parts[1], parts[2]) for parts in lines}


def primary() -> str:
    """Who the balancers send writes to; Patroni is asked only when they do not agree on one."""
    seen = set()
    for name in HAPROXIES:
        with contextlib.suppress(OSError):  # a balancer may be what has just been killed
            seen.update(primaries_up(haproxy_stats(name)))
    if len(seen) == 1:
        return seen.pop()
    leaders = [name for name, (role, _) in members().items() if role == "leader"]
    assert leaders, "nobody is the Postgres primary"
    return leaders[0]


def standby() -> str:
    return next(name for name, (role, _) in members().items() if role != "leader")


def sql(query: str, *, database="web", node: str | None = None) -> list[list[str]]:
    """Rows as text, asked by the superuser over the node's own socket; the primary unless a node is named."""
    options = ["-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1"]
    command = ["psql", "-h", "/run/postgresql", "-U", "postgres", "-d", database, *options]
    out = inside(node or primary(), *command, user="postgres", input=query)
    return [line.split("\x1f") for line in out.splitlines()]


def value(query: str, **options) -> str:
    return sql(query, **options)[0][0]


# -- Prometheus --------------------------------------------------------------------------------------------------------


def prometheus(path: str, **parameters) -> dict:
    url = f"{PROMETHEUS}/api/v1/{path}" + (f"?{urllib.parse.urlencode(parameters)}" if parameters else "")
    return json.loads(get(url, password=secret("prometheus")))["data"]


# -- Wholeness ---------------------------------------------------------------------------------------------------------


def until(holds, seconds: float, what: str, every=0.5):
    """Poll until `holds()` gives something true, and return it."""
    end = time.monotonic() + seconds
    while True:
        found = None
        try:
            found = holds()
        except (OSError, AssertionError, KeyError, ValueError) as error:
            last = error
        else:
            last = found
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what} ({last!r})"
        time.sleep(every)


def replicas_whole() -> bool:
    """Either standby may confirm a commit: Patroni lists a node again one loop (10 s) after it streams."""
    return sql("SELECT state, sync_state FROM pg_stat_replication") == [["streaming", "quorum"]] * 2
