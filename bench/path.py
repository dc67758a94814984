"""What the way nginx → HAProxy → web adds: CPU per request, against the same view asked of one replica directly.

Two arms in turns (A B B A …), the same keep-alive client, rate and page, which no cache answers. Counted are nginx,
both HAProxies and all web replicas in arm A; all web replicas in arm B. What the data tier spends is the same in both
and counted in neither. CPU that is spent without any request (checks, scrapes) is measured first and taken off both.
usage: bench/run path      PAIRS=8 ARM_SECONDS=12 RATE=40
"""

import http.client
import os
import socket
import statistics
import threading
import time

from loadtest.cgroups import Meter
from loadtest.edge import IDLE as IDLE_SECONDS
from loadtest.edge import Edge
from loadtest.openloop import Answer, Run, Schedule
from loadtest.shop import Visitor, product_slugs
from stack.engine import NET_PREFIX, PROJECT, SITE_HOST, docker, inspect, one

from bench.results import full_ids, save

PAIRS = int(os.environ.get("PAIRS", 8))
ARM_SECONDS = int(os.environ.get("ARM_SECONDS", 12))
RATE = int(os.environ.get("RATE", 40))


class Replica:
    """Kept plain connections to one server, asked as HAProxy would: a web replica, unless port and host say another."""

    def __init__(self, address: str, port: int = 8000, host: str = SITE_HOST):
        self.address, self.port, self.host = address, port, host
        self.idle, self.lock = [], threading.Lock()

    def request(self, method, path, headers, timeout=60.0):
        connection = self._take(timeout)
        connection.request(method, path, headers={"Host": self.host, "X-Forwarded-Proto": "https", **headers})
        answer = connection.getresponse()
        answer.read()
        connection.used = time.monotonic()
        with self.lock:
            self.idle.append(connection)
        return answer

    def _take(self, timeout):
        with self.lock:
            while self.idle:
                connection = self.idle.pop()
                if time.monotonic() - connection.used < IDLE_SECONDS:
                    return connection
                connection.close()
        return http.client.HTTPConnection(self.address, self.port, timeout=timeout)


def play(ask, path: str, headers: dict) -> list:
    def send(kind, index, timeout):
        return Answer(ask(path, headers).status)

    outcomes = Run(send, Schedule.constant(RATE, ARM_SECONDS)).start().join()
    bad = [outcome for outcome in outcomes if not outcome.good]
    assert not bad, f"{len(bad)} requests failed: {bad[0]}"
    return outcomes


def measure(ask, path, headers, groups) -> dict[str, float]:
    """CPU seconds per request and group."""
    with Meter(groups) as meter:
        outcomes = play(ask, path, headers)
        time.sleep(0.2)
    return {name: (used - IDLE[name] * meter.seconds) / len(outcomes) for name, used in meter.used.items()}


IDLE: dict[str, float] = {}


def idle_cost(groups) -> None:
    with Meter(groups) as meter:
        time.sleep(30)
    IDLE.update({name: used / meter.seconds for name, used in meter.used.items()})


def main() -> None:
    services = full_ids()
    groups = {name: services[name] for name in ("nginx", "haproxy-1", "haproxy-2", "web")}
    edge = Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")
    visitor = Visitor(edge)
    slug = product_slugs(edge, 30)[7]
    visitor.cart_add(slug)
    time.sleep(31)  # the cookie that ties reads to the own write has run out: reads go to replicas
    cookie = {"Cookie": f"cart={visitor.cookies['cart']}"}
    path = f"/products/{slug}/"
    # This container is on the edge network; the replicas are on the inner one.
    docker("network", "connect", f"{PROJECT}_app", socket.gethostname())
    try:
        web = inspect(one("web").id)[0]["NetworkSettings"]["Networks"][f"{PROJECT}_app"]["IPAddress"]
        save("path", compare(edge, Replica(web), path, cookie, groups))
    finally:
        docker("network", "disconnect", f"{PROJECT}_app", socket.gethostname())


def compare(edge, replica, path, cookie, groups) -> dict:
    arms = {
        "edge": lambda path, headers: edge.request("GET", path, headers=headers),
        "direct": lambda path, headers: replica.request("GET", path, headers),
    }
    idle_cost(groups)
    for ask in arms.values():  # warm up: connections, caches
        play(ask, path, cookie)
    ratios, costs = [], {"edge": [], "direct": []}
    for pair in range(PAIRS):
        for arm in ("edge", "direct") if pair % 2 == 0 else ("direct", "edge"):
            used = measure(arms[arm], path, cookie, groups)
            costs[arm].append(sum(used.values()) if arm == "edge" else used["web"])
        ratios.append(costs["edge"][-1] / costs["direct"][-1])
        print(f"pair {pair + 1} of {PAIRS}: {ratios[-1]:.3f}", flush=True)
    return {
        "rate": RATE,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "edge_ms": round(1000 * statistics.median(costs["edge"]), 2),
        "direct_ms": round(1000 * statistics.median(costs["direct"]), 2),
    }


if __name__ == "__main__":
    main()
