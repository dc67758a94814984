"""The room of this node, for Prometheus and for the other nodes. Read when asked."""

from prometheus_client import Gauge

from .others import METRIC
from .waiting import MARK

FREE = Gauge(METRIC, "Bytes left on this node's volume")
SIZE = Gauge("flotilla_room_size_bytes", "Size of this node's volume")
NEEDED = Gauge("flotilla_room_needed_bytes", "What must be free before this node starts or takes over")
WAITING = Gauge("flotilla_room_waiting", "1 while Patroni is not started for want of room")


def show(volume, mark=MARK):
    FREE.set_function(lambda: volume.free)
    SIZE.set_function(lambda: volume.size)
    NEEDED.set(volume.needed)
    WAITING.set_function(lambda: float(mark.exists()))
