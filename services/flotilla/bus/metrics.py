"""Every metric of the bus. Behaviour is elsewhere."""

from prometheus_client import Counter, Gauge, Histogram

# -- Publishing
UNPUBLISHED = Gauge("outbox_unpublished", "Deliveries that are not with the broker", ["alias"])
UNCONFIRMED = Gauge(
    "outbox_unconfirmed", "Deliveries that their consumer has not confirmed, unpublished included", ["alias"]
)
LAG = Gauge("outbox_lag_seconds", "Age of the oldest unpublished delivery", ["alias"])
CONFIRM_LAG = Gauge("outbox_confirm_lag_seconds", "Age of the oldest unconfirmed delivery", ["alias"])
PUBLISHED = Counter("outbox_published_total", "Deliveries handed to the broker, again ones included", ["queue"])
CONFIRMED = Counter("outbox_confirmed_total", "Deliveries confirmed by their consumer", ["queue"])
REDELIVERED = Counter("outbox_redelivered_total", "Deliveries to be sent again", ["cause"])
RELAY_FAILURES = Counter("outbox_relay_failures_total", "Turns of the relay that found no broker")
BROKER_CHANGES = Counter("bus_broker_changes_total", "Times that another, or an emptied, broker was met")

# -- Consuming
EVENTS = Counter("inbox_events_total", "Events received", ["result"])
HANDLER_SECONDS = Histogram(
    "inbox_handler_seconds",
    "Time in a call of a handler, for one event or for several",
    ["type"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
WAITING = Gauge("inbox_waiting", "Events whose handler failed and is to be tried again", ["alias"])
OVERDUE = Gauge("inbox_overdue_seconds", "How long the event that is to be tried first has been due", ["alias"])
DEAD = Counter("dead_letters_total", "Events given up", ["cause"])
DEAD_NOW = Gauge("dead_letters_waiting", "Events given up and not replayed", ["alias"])
HEARTBEAT = Gauge("bus_heartbeat_timestamp_seconds", "When this worker last consumed its own ping")

# -- By the clock
PERIODIC_AT = Gauge(
    "bus_periodic_timestamp_seconds",
    "When periodic work was last done here, or found to be in hand elsewhere",
    ["work"],
)
