"""What the gateway adds to a call: CPU per request, against the same call of the service; and new connections.

Two arms in turns (A B B A …), the same keep-alive client, rate and product, both through HAProxy's internal pools, with
somebody's token in A and the identity that is signed for it in B. Counted are gateways, HAProxies and the service's
replicas in both; the data tier in neither. CPU that is spent without any request is measured first and taken off both.
usage: bench/run gateway      PAIRS=8 ARM_SECONDS=12 RATE=40
"""

import json
import re
import socket
import statistics
import time
import uuid

import jwt
from stack.engine import NET_PREFIX, PROJECT, containers, docker, inspect, secret
from stack.servers import get, sql

from bench.path import ARM_SECONDS, PAIRS, RATE, Replica, idle_cost, measure, play
from bench.results import full_ids, save

BALANCER = f"{NET_PREFIX}.2.21"
GROUPS = ("haproxy-1", "haproxy-2", "gateway", "products")
LASTS = 60  # seconds that a service believes an identity at most: a new one for each arm


def signed(key: str, keys: str, owner: str, seconds: int, **claims: str) -> str:
    """A token under the one key of its owner in that set; `owner` is what the key's name begins with."""
    now = int(time.time())
    kid = next(key["kid"] for key in json.loads(secret(keys))["keys"] if key["kid"].startswith(owner))
    made = claims | {"sub": str(uuid.UUID(int=1)), "role": "customer", "iat": now, "exp": now + seconds}
    return jwt.encode(made | {"jti": uuid.uuid4().hex}, secret(key), algorithm="EdDSA", headers={"kid": kid})


def headers(arm: str) -> dict[str, str]:
    """What somebody carries, who calls the gateway; and what the service would be told of them."""
    if arm == "gateway":
        return {"Authorization": f"Bearer {signed('token_key', 'token_keys', '', 900, iss='users', aud='api')}"}
    identity = signed("identity_key_gateway", "identity_keys", "gateway-", LASTS, iss="gateway", aud="products")
    return {"X-Identity": identity}


def connections() -> int:
    """That all gateways have made to services so far."""
    return sum(map(made_by, inspect(*[one.id for one in containers("gateway")])))


def made_by(gateway: dict) -> int:
    address = gateway["NetworkSettings"]["Networks"][f"{PROJECT}_app"]["IPAddress"]
    text = get(f"http://{address}:9000/metrics", timeout=5)
    return sum(
        int(float(count)) for count in re.findall(r"^gateway_upstream_connections_total\{.*\} (\S+)", text, re.M)
    )


def arms(product: str) -> dict:
    """Arm -> (whom to ask, for what)."""
    return {
        "gateway": (Replica(BALANCER, 8100, "gateway"), f"/api/products/{product}/"),
        "direct": (Replica(BALANCER, 8110, "products"), f"/products/{product}/"),
    }


def run(arm: str, asked: tuple, groups: dict) -> float:
    """CPU seconds of one request."""
    replica, path = asked
    return sum(measure(lambda path, sent: replica.request("GET", path, sent), path, headers(arm), groups).values())


def compare(product: str, groups: dict) -> dict:
    both = arms(product)
    idle_cost(groups)
    for arm, (replica, path) in both.items():  # warm up: connections, caches
        play(lambda path, sent, replica=replica: replica.request("GET", path, sent), path, headers(arm))
    costs: dict[str, list[float]] = {"gateway": [], "direct": []}
    before = connections()
    for pair in range(PAIRS):
        for arm in ("gateway", "direct") if pair % 2 == 0 else ("direct", "gateway"):
            costs[arm].append(run(arm, both[arm], groups))
        print(f"pair {pair + 1} of {PAIRS}: {costs['gateway'][-1] / costs['direct'][-1]:.3f}", flush=True)
    return stated(costs, connections() - before)


def stated(costs: dict[str, list[float]], made: int) -> dict:
    ratios = [via / direct for via, direct in zip(costs["gateway"], costs["direct"], strict=True)]
    requests = PAIRS * ARM_SECONDS * RATE
    return {
        "rate": RATE,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "gateway_ms": round(1000 * statistics.median(costs["gateway"]), 2),
        "direct_ms": round(1000 * statistics.median(costs["direct"]), 2),
        "requests": requests,
        "connections_per_1000": round(1000 * made / requests, 2),
    }


def main() -> None:
    services = full_ids()
    (product,) = sql(
        "SELECT id FROM products_product WHERE removed_at IS NULL ORDER BY id LIMIT 1", database="products"
    )[0]
    # This container is on the edge network; the pools of services answer the inner one only.
    docker("network", "connect", f"{PROJECT}_app", socket.gethostname())
    try:
        save("gateway", compare(product, {name: services[name] for name in GROUPS}))
    finally:
        docker("network", "disconnect", f"{PROJECT}_app", socket.gethostname())


if __name__ == "__main__":
    main()
