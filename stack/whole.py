"""Full redundancy: what of the stack is missing, asked of the servers themselves, cheapest and most telling first.

`missing()` is lazy: whoever polls takes the first answer only, and whoever explains takes all of them.
"""

import functools
import http.client
import json
from collections.abc import Callable, Iterator

from loadtest.edge import Edge

from stack import direct
from stack.engine import NET_PREFIX, SITE_HOST, Container, containers, inspect, post, run, secret
from stack.servers import HAPROXIES, PROMETHEUS, get, haproxy_stats, primaries_up, replicas_up, replicas_whole, until

JOBS = {
    "certs", "postgres-init", "web-migrate", "products-migrate", "orders-migrate", "users-migrate", "products-seed",
    "users-seed", "seed",
}  # fmt: skip
BALANCED = ("web", "gateway", "products", "orders", "users")
WORKERS = ("web-worker", "products-worker", "orders-worker", "users-worker")
SENTENCE = {"paused": "is paused", "exited": "is stopped", "restarting": "ends again and again", "dead": "is dead"}
ERRORS = (OSError, AssertionError, KeyError, ValueError, http.client.HTTPException)


def missing(victims: list[Container] = ()) -> Iterator[str]:
    """A sentence for each thing that full redundancy lacks; `victims` must also answer their own health check now."""
    yield from containers_missing()
    for part in (balance, postgres, etcd, poolers, redis, workers, edge, operations):
        yield from guarded(part)
    for victim in victims:
        yield from guarded(functools.partial(own_check, victim), victim.name)
    yield from guarded(confirmations)


def guarded(part: Callable[[], Iterator[str]], name: str = "") -> Iterator[str]:
    """Whoever does not answer is what is missing."""
    try:
        yield from part()
    except ERRORS as error:
        yield f"{name or part.__name__} does not answer ({type(error).__name__}: {error})"


def containers_missing() -> Iterator[str]:
    for one in containers(stopped=True):
        if one.state != "running" and one.service not in JOBS:
            yield f"{one.name} {SENTENCE.get(one.state, f'is {one.state}')}"


def balance() -> Iterator[str]:
    """Both balancers have every replica of each service, and the same single primary."""
    wanted = {service: len(containers(service, stopped=True)) for service in BALANCED}
    primaries: set[str] = set()
    for name in HAPROXIES:
        try:
            rows = haproxy_stats(name)
        except OSError as error:
            yield f"{name} does not answer ({error})"
            continue
        known = primaries_up(rows)
        primaries.update(known)
        for service, count in wanted.items():
            if (there := len(replicas_up(rows, service))) != count:
                yield f"{name} has {there} of {count} {service} replicas in its rotation"
        if len(known) != 1:
            yield f"{name} knows {len(known)} Postgres primaries"
    if len(primaries) > 1:
        yield f"the balancers send writes to different nodes: {', '.join(sorted(primaries))}"


def postgres() -> Iterator[str]:
    found = direct.members()
    if sum((role, state) == ("leader", "running") for role, state in found.values()) != 1:
        yield "Postgres has no running primary"
    for name in direct.POSTGRES:
        role, state = found.get(name, ("no member", "gone"))
        if role != "leader" and (role, state) != ("quorum_standby", "streaming"):
            yield f"{name} is {role}, {state}, and no standby that may confirm a commit"


def etcd() -> Iterator[str]:
    leaders = set()
    for name, address in direct.ETCD.items():
        try:
            status = direct.etcd_status(address)
        except ERRORS as error:
            yield f"{name} does not answer ({error})"
            continue
        leaders.add(status.get("leader", "0"))
        if status.get("errors"):
            yield f"{name} says {status['errors']}"
    if len(leaders) > 1 or "0" in leaders:
        yield "the etcd members do not agree on a leader"


def poolers() -> Iterator[str]:
    for name, address in direct.PGBOUNCER.items():
        try:
            if direct.accepts_postgres(address):
                continue
        except OSError:
            pass
        yield f"{name} does not answer"


def redis() -> Iterator[str]:
    for name, address in direct.CACHE.items():
        if not direct.pings(address, "cache"):
            yield f"{name} does not answer"
    for name, address in direct.SENTINEL.items():
        try:
            facts = direct.sentinel_facts(address)
        except OSError as error:
            yield f"{name} does not answer ({error})"
            continue
        seen = [facts.get(fact) for fact in ("flags", "num-slaves", "num-other-sentinels")]
        if seen != ["master", "2", "2"]:
            yield f"{name} sees flags, replicas and other Sentinels {', '.join(map(str, seen))}, not master, 2, 2"
    states = direct.redis_replicas(direct.REDIS[direct.redis_master()])
    if states != ["online", "online"]:
        yield f"the Redis master has replicas {', '.join(states) or 'none'}, not two that are online"


def workers() -> Iterator[str]:
    """Each has had a message of its own back through the broker, as its health check asks."""
    for service in WORKERS:
        for one in containers(service):
            yield from own_check(one)


def edge() -> Iterator[str]:
    site = Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")
    status = site.request("GET", "/health/", timeout=direct.LIMIT).status
    if status != 200:
        yield f"/health/ through the edge answers {status}"


def operations() -> Iterator[str]:
    get(f"{PROMETHEUS}/-/healthy", password=secret("prometheus"))
    yield from ()


def own_check(victim: Container) -> Iterator[str]:
    """The question that the container's health check asks, put to it now; the engine itself asks twice a minute."""
    test = (inspect(victim.id)[0]["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    command = test[1:] if test[0] == "CMD" else ["sh", "-c", *test[1:]]
    if test[0] != "NONE" and run("docker", "exec", victim.id, *command, timeout=20, check=False).returncode:
        yield f"{victim.name} fails its health check: {json.dumps(command)}"


def confirmations() -> Iterator[str]:
    """Patroni's view is a loop old; the primary itself knows who may confirm its commits."""
    if not replicas_whole():
        yield "the primary has not two standbys either of which may confirm a commit"


# -- For whoever needs it whole ----------------------------------------------------------------------------------------


def wait_until_whole(seconds=180) -> None:
    """The next test or drill must find what the last one took."""

    def is_whole():
        lacks = next(missing(), None)
        if lacks:
            raise AssertionError(lacks)
        return True

    until(is_whole, seconds, "the stack is whole")


def make_whole() -> None:
    """Starts whatever was left dead, wakes what was left paused, and waits."""
    for one in containers(stopped=True):
        if one.state == "paused":
            post(f"/containers/{one.id}/unpause")
        elif one.state in ("exited", "created") and one.service not in JOBS:
            post(f"/containers/{one.id}/start")
    wait_until_whole()
