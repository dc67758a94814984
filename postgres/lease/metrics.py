"""What the program did, for Prometheus and the log."""

import json
import sys
import time

from prometheus_client import Counter, Gauge, start_http_server

STEPS = ("fenced", "promised", "released", "withdrew", "lifted")
EVENTS = Counter("flotilla_lease_steps_total", "Steps of the early release taken by this node", ["step"])
FENCED = Gauge("flotilla_lease_fenced", "1 while this node receives from no leader")
ENABLED = Gauge("flotilla_lease_enabled", "1 when this node may release a dead leader's lease")


def serve(port, enabled):
    for step in STEPS:
        EVENTS.labels(step)
    ENABLED.set(enabled)
    start_http_server(port)


def tell(event, **facts):
    """One JSON line; steps are counted."""
    if event in STEPS:
        EVENTS.labels(event).inc()
    line = {"time": round(time.time(), 3), "logger": "lease", "event": event, **facts}
    print(json.dumps(line), file=sys.stderr, flush=True)
