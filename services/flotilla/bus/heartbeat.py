"""The proof that a worker consumes: its own ping has come back to it through the broker. Living is not enough."""

import time
from pathlib import Path

from django.conf import settings

from flotilla.bus import metrics

EVERY_SECONDS = 10.0


def beat() -> None:
    """A ping was consumed: told as a metric, and as a file with the time for the health check (beat-ok)."""
    metrics.HEARTBEAT.set(time.time())
    if settings.FLOTILLA.bus_heartbeat:
        Path(settings.FLOTILLA.bus_heartbeat).write_text(f"{int(time.time())}\n")
