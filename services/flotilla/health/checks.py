"""What is well and what is not, each part asked at once and within a budget."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import redis
from django.core.cache import caches
from django.db import connections

from flotilla.cache.shards import ShardClient
from flotilla.db import aliases, choice, primaries, replicas

BUDGET_SECONDS = 1.0
KEPT_SECONDS = 1.0  # a report asks with a new login: many who ask at once share one
_workers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")


def database() -> str:
    """`ok`, `down` when one of the service's databases has no primary that takes writes, `none` without a database."""
    if connections["default"].vendor == "unknown":
        return "none"
    return "ok" if all(map(_takes_writes, aliases.primaries(connections))) else "down"


def _takes_writes(alias: str) -> bool:
    if connections[alias].vendor != "postgresql":
        return True
    probe = primaries.DatabaseProbe(alias)
    try:
        return probe()
    finally:
        probe.close()


def replication() -> str:
    """`ok`, `degraded` when a node is away or behind, `down` when no replica can be read, `none` without replicas."""
    nodes = replicas.pool().nodes()
    if not nodes:
        return "none"
    if not choice.usable(nodes, position=None):
        return "down"
    return "ok" if all(node.healthy for node in nodes) else "degraded"


def cache() -> str:
    """`ok`, `degraded` when some nodes are away, `down` when all are."""
    client = getattr(caches["default"], "client", None)
    if not isinstance(client, ShardClient):
        return "ok"
    answers = [_answers(server) for server in client.servers()]
    return "ok" if all(answers) else "degraded" if any(answers) else "down"


def _answers(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.RedisError:
        return False


CHECKS = {"database": database, "replicas": replication, "cache": cache}


WELL = ("ok", "none")
READING = ("database", "replicas")  # what a page cannot do without: either of them

_asking = threading.Lock()
_kept: dict[str, tuple[float, dict[str, str]]] = {}


def report() -> dict[str, str]:
    """All checks, and what follows for the whole."""
    results = _results(CHECKS)
    # Without a primary nothing can be bought; everything else is served round.
    if results["database"] not in WELL:
        status = "unhealthy"
    else:
        status = "healthy" if all(result in WELL for result in results.values()) else "degraded"
    return {"status": status, **results}


def ready() -> bool:
    """Whether pages can be served: the primary or a replica can be read."""
    results = _results(READING)
    return results["database"] in WELL or results["replicas"] in {"ok", "degraded"}


def _results(names: Iterable[str]) -> dict[str, str]:
    """The named checks at once, within the budget; what is not back by then is `timeout`. Kept for a second."""
    name = ",".join(names)
    with _asking:
        asked, results = _kept.get(name, (float("-inf"), {}))
        if time.monotonic() - asked > KEPT_SECONDS:
            results = _asked(name.split(","))
            _kept[name] = time.monotonic(), results
    return results


def _asked(names: list[str]) -> dict[str, str]:
    running: dict[str, Future[str]] = {name: _workers.submit(CHECKS[name]) for name in names}
    wait(running.values(), timeout=BUDGET_SECONDS)
    return {name: _result(future) for name, future in running.items()}


def _result(future: Future[str]) -> str:
    if not future.done():
        future.cancel()
        return "timeout"
    return "down" if future.exception() else future.result()
