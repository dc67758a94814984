"""What the program did, for Prometheus and the log."""

import json
import sys
import time

from prometheus_client import Counter, Gauge, start_http_server

STEPS = ("fenced", "promised", "released", "withdrew", "lifted", "alone")
EVENTS = Counter(
    "flotilla_lease_steps_total",
    "Steps taken by this node: of the early release, and each time it was found a primary all alone",
    ["step"],
)
REASONS = Counter(
    "flotilla_lease_reasons_total",
    "Changes of what this node's rounds say of the leader, by what they have said since: why nothing is done, or is",
    ["reason"],
)
FENCED = Gauge("flotilla_lease_fenced", "1 while this node is fenced: it receives from no leader by its own decision")
ENABLED = Gauge("flotilla_lease_enabled", "1 when this node may release a dead leader's lease")


def serve(port, enabled):
    for step in STEPS:
        EVENTS.labels(step)
    ENABLED.set(enabled)
    start_http_server(port)


def tell(event, **facts):
    """One JSON line. Steps are counted by name, rounds by their reason, without the details behind its colon."""
    if event in STEPS:
        EVENTS.labels(event).inc()
    if event == "round":
        REASONS.labels(facts["reason"].partition(":")[0]).inc()
    line = {"time": round(time.time(), 3), "logger": "lease", "event": event, **facts}
    print(json.dumps(line), file=sys.stderr, flush=True)
