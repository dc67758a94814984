"""Every metric of the library but the bus' own, beside those of django-prometheus. Behaviour is elsewhere."""

import threading

from prometheus_client import Counter, Gauge, Histogram, start_http_server

REQUESTS_ACTIVE = Gauge("flotilla_requests_active", "Requests being served; unsafe ones include held writes", ["kind"])
WRITES_HELD = Gauge("flotilla_writes_held", "Writes waiting for a primary now")
WRITES_QUEUED = Gauge("flotilla_writes_queued", "Unsafe requests waiting for their turn to be worked on")
WRITE_HOLD_SECONDS = Histogram(
    "flotilla_write_hold_seconds",
    "How long writes waited for a primary",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 24, 30),
)
UNAVAILABLE = Counter("flotilla_unavailable_total", "Requests answered 503: no database, or no turn, in time", ["kind"])
RERUNS = Counter("flotilla_request_reruns_total", "Requests run again after a lost connection", ["kind"])
KEY_REPLAYS = Counter("flotilla_key_replays_total", "Answers given from a stored request key")
KEY_CONFLICTS = Counter("flotilla_key_conflicts_total", "Known keys that came with another body")
COMMITS_IN_DOUBT = Counter("flotilla_commits_in_doubt_total", "COMMITs sent whose answer was lost")
PRIMARY_UP = Gauge("flotilla_primary_up", "1 when this process last saw a writable primary")
READS = Counter("flotilla_requests_by_database_total", "Requests that used a database alias", ["alias"])
REPLICA_LAG = Gauge("flotilla_replica_lag_bytes", "Write-ahead log a node is behind the furthest one known", ["alias"])
REPLICA_USABLE = Gauge("flotilla_replica_usable", "1 when reads may go to the node", ["alias"])
BREAKER_OPEN = Gauge("flotilla_breaker_open", "1 when a peer is being left alone", ["peer"])
CALL_SECONDS = Histogram(
    "flotilla_call_seconds",
    "How long another service took to answer, or the caller to give up, ways around a dead balancer included",
    ["service"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35),
)
CALLS_FAILED = Counter(
    "flotilla_calls_failed_total", "Calls of another service that got no answer in time", ["service"]
)
CACHE_READS = Counter("flotilla_cache_reads_total", "Reads of the shared cache", ["result"])

_started = threading.Lock()


def serve(port: int) -> None:
    """Answer /metrics from a thread of its own, so that a process whose slots are all taken still reports."""
    if _started.acquire(blocking=False):
        start_http_server(port)
