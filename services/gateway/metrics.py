"""Every metric of the gateway, beside those of the library. Behaviour is elsewhere."""

from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

REQUESTS = Counter("gateway_requests_total", "Requests, and how they ended", ["route", "service", "status"])
REFUSED = Counter("gateway_refused_total", "Answered 503 by the gateway itself", ["service", "why"])
RETRIES = Counter("gateway_retries_total", "Calls sent again", ["service"])
RETRIES_REFUSED = Counter("gateway_retries_refused_total", "Calls not sent again for want of a budget", ["service"])
BREAKER_OPEN = Gauge("gateway_breaker_open", "1 while a service is left alone", ["service"])
CALLS_ACTIVE = Gauge("gateway_calls_active", "Calls under way", ["service", "kind"])
CALL_SECONDS = Histogram(
    "gateway_call_seconds",
    "How long a service took to begin its answer, retries included",
    ["service"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35),
)
BREAKER, LIMIT = "breaker", "limit"  # why it is refused


def begin(service: str, is_left_alone: Callable[[], bool]) -> None:
    """The service is called from now on: its series begin with 0, so that the first event of each is a rise."""
    BREAKER_OPEN.labels(service).set_function(lambda: float(is_left_alone()))
    for counter in (RETRIES, RETRIES_REFUSED):
        counter.labels(service)
    for why in (BREAKER, LIMIT):
        REFUSED.labels(service, why)


class Connections(Collector):
    """gateway_upstream_connections_total, counted by the pools themselves: `made()` gives services and numbers."""

    def __init__(self, made: Callable[[], Iterable[tuple[str, int]]]):
        self._made = made

    def describe(self) -> Iterable[CounterMetricFamily]:
        return [_connections()]

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = _connections()
        for service, count in self._made():
            family.add_metric([service], count)
        yield family


def _connections() -> CounterMetricFamily:
    return CounterMetricFamily("gateway_upstream_connections", "New connections to services", labels=["service"])
