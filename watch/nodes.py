"""How containers are called and sorted: a node is one container, a tier is a row of them."""

import re

TIERS = (
    "nginx", "haproxy", "web", "gateway", "products", "orders", "users", "web-worker", "products-worker",
    "orders-worker", "users-worker", "pgbouncer", "postgres", "etcd", "redis", "sentinel", "cache",
)  # fmt: skip
OPS = "ops"
# They run once and end, or are started by hand: neither up nor down says anything.
PASSING = re.compile(r"^(certs|seed|loadtest|.+-init|.+-migrate|.+-seed)$")


def node_name(service: str, number: int) -> str:
    """`web` 2 -> web-2; a service of one container keeps its name: postgres-1, nginx."""
    single = re.search(r"-\d+$", service) or service == "nginx" or tier_of(service) == OPS
    return service if single and number == 1 else f"{service}-{number}"


def tier_of(node: str) -> str:
    if re.match(r"prometheus|grafana|.*-exporter", node):
        return OPS
    return re.sub(r"(-\d+)+$", "", node)


def label(node: str) -> str:
    """What is left to say in the row of its tier: the number, or the name where there is none."""
    tier = tier_of(node)
    return node.removeprefix(f"{tier}-") if node != tier else "1"


def rows(nodes) -> dict[str, list[str]]:
    """Tier -> its nodes, in the order of a request's way; tiers that are not known here come before `ops`."""
    found: dict[str, list[str]] = {tier: [] for tier in TIERS}
    for node in sorted(nodes, key=natural):
        found.setdefault(tier_of(node), []).append(node)
    ops = found.pop(OPS, [])
    return {tier: members for tier, members in (found | {OPS: ops}).items() if members}


def natural(name: str) -> list:
    """web-2 before web-10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
