"""How evenly three replicas share 300 requests that no cache answers."""

from collections import Counter

from loadtest.edge import Edge
from loadtest.shop import CART
from stack.engine import NET_PREFIX, SITE_HOST

from bench.results import save

REQUESTS = 300


def main() -> None:
    edge = Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")
    served = Counter(
        edge.request("GET", CART, headers={"Cookie": "consistency="})["X-Served-By"] for _ in range(REQUESTS)
    )
    save(
        "spread",
        {"requests": REQUESTS, "percent": sorted(round(100 * count / REQUESTS, 1) for count in served.values())},
    )


if __name__ == "__main__":
    main()
