"""The overview: what users get, who is up and who leads, how writes, reads and caches fare. Read from the top."""

from panels import GREEN, RED, YELLOW, lines, number, states, steps, table

UP = {1: ("up", GREEN), 0: ("down", RED)}
LATENCY = "sum by (le) (rate(django_http_requests_latency_including_middlewares_seconds_bucket[$__rate_interval]))"
LEASE_STEPS = "flotilla_lease_steps_total"
LEASE_REASONS = "flotilla_lease_reasons_total"


def quantile(share: float) -> str:
    return f"histogram_quantile({share}, {LATENCY})"


NOW = [
    number(
        4,
        "Requests",
        "Requests a second that HAProxy answered; hits of the edge cache come on top.",
        ("sum(pool:http_requests:rate1m)", ""),
        unit="reqps",
    ),
    number(
        4,
        "Errors",
        "Share of answers that are 5xx, of the last minute, of the service that has most of them.",
        ("max(service:http_error_share:ratio_rate1m)", ""),
        unit="percentunit",
        steps=steps((0.001, YELLOW), (0.01, RED)),
        empty="no traffic",
    ),
    number(
        4,
        "Primary",
        "The Postgres node that takes writes.",
        ("patroni_primary == 1", "{{instance}}"),
        name=True,
        empty="none: writes wait",
    ),
    number(
        4,
        "Writes held",
        "Writes waiting for a primary at this moment.",
        ("sum(flotilla_writes_held)", ""),
        steps=steps((1, YELLOW), (100, RED)),
    ),
    number(
        4,
        "Servers down",
        "Servers that Prometheus knows and that do not answer. Each counts once, however many jobs ask it.",
        ("count(min by (instance) (instance:up:min) == 0) or vector(0)", ""),
        steps=steps((1, RED)),
    ),
    number(
        4,
        "Web replicas",
        "Replicas of web that answer; they are found by DNS.",
        ('sum(job:instances_up:sum{job="web"})', ""),
        steps=steps((2, YELLOW), (3, GREEN), base=RED),
    ),
]

USERS = [
    lines(
        8,
        "Answers by code",
        "Per second, at HAProxy, both instances together: pages, and the API.",
        ("code:http_responses:rate1m > 0", "{{code}}"),
        stacked=True,
        unit="reqps",
        empty="no traffic",
    ),
    lines(
        8,
        "Latency",
        "Time inside Django, all views. What a proxy waited for a slot comes on top.",
        (quantile(0.5), "p50"),
        (quantile(0.95), "p95"),
        (quantile(0.99), "p99"),
        unit="s",
    ),
    lines(
        8,
        "Answers by replica",
        "Is the load even? A killed replica's line ends, the others rise.",
        ("sum by (instance) (rate(django_http_responses_total_by_status_total[$__rate_interval]))", "{{instance}}"),
        unit="reqps",
    ),
    lines(
        8,
        "Edge",
        "Requests at nginx. Above what HAProxy saw: answered from the edge's cache or its files.",
        ("rate(nginx_http_requests_total[$__rate_interval])", "nginx"),
        ("sum(pool:http_requests:rate1m)", "haproxy"),
        unit="reqps",
    ),
    lines(
        8,
        "Waiting in HAProxy",
        "Requests without a slot, by pool. Reads should never be in it while writes wait.",
        ('sum by (proxy) (haproxy_backend_current_queue{proxy=~"(web|gateway)_.*"})', "{{proxy}}"),
    ),
    lines(
        8,
        "Retries and redispatches",
        "Requests that HAProxy sent again, or to another server, per second.",
        ("sum by (proxy) (rate(haproxy_backend_retry_warnings_total[$__rate_interval]))", "retry {{proxy}}"),
        ("sum by (proxy) (rate(haproxy_backend_redispatch_warnings_total[$__rate_interval]))", "redispatch {{proxy}}"),
    ),
]

WHO = [
    states(
        12,
        "Servers",
        "Red: the server itself does not answer. Web replicas that are gone have no bar.",
        ("instance:up:min", "{{job}} {{instance}}"),
        UP,
    ),
    states(
        6,
        "Postgres primary",
        "Which node leads, as each says of itself.",
        ("patroni_primary", "{{instance}}"),
        {1: ("primary", GREEN), 0: ("standby", "blue")},
    ),
    states(
        6,
        "Redis master",
        "Which of the three leads.",
        (
            'sum by (instance) (redis_instance_info{job="redis", role="master"})'
            ' or sum by (instance) (0 * redis_up{job="redis"})',
            "{{instance}}",
        ),
        {1: ("master", GREEN), 0: ("replica", "blue")},
    ),
]

DATABASE = [
    lines(
        6,
        "Writes held and queued",
        "Writes waiting for a primary, and for their turn to be worked on, per replica.",
        ("flotilla_writes_held", "held {{instance}}"),
        ("flotilla_writes_queued", "queued {{instance}}"),
    ),
    lines(
        6,
        "Length of holds",
        "How long writes waited.",
        ("histogram_quantile(0.95, sum by (le) (rate(flotilla_write_hold_seconds_bucket[5m])))", "p95"),
        unit="s",
        empty="none held",
    ),
    lines(
        6,
        "Safety nets",
        "Requests run again, replays from a key, COMMITs in doubt, 503 for want of database or turn; per second.",
        ("sum(rate(flotilla_request_reruns_total[1m])) or vector(0)", "run again"),
        ("sum(rate(flotilla_key_replays_total[1m])) or vector(0)", "replayed"),
        ("sum(rate(flotilla_commits_in_doubt_total[1m])) or vector(0)", "in doubt"),
        ("sum(rate(flotilla_unavailable_total[1m])) or vector(0)", "503"),
    ),
    lines(
        6,
        "Early release",
        "Steps against the lease of a silent leader, per node, within a minute; and who receives from nobody now.",
        # Whole steps; increase() would make 1.33 of one.
        (f"{LEASE_STEPS} - {LEASE_STEPS} offset $__rate_interval > 0", "{{step}} {{instance}}"),
        ("flotilla_lease_fenced == 1", "fenced now {{instance}}"),
        empty="no step",
    ),
    lines(
        6,
        "Requests by database",
        "Which alias served; the primary's share rises when replicas are late or gone.",
        ("sum by (alias) (rate(flotilla_requests_by_database_total[$__rate_interval]))", "{{alias}}"),
        unit="reqps",
        empty="no requests yet",
    ),
    lines(
        6,
        "Replay lag",
        "Log that a standby has yet to replay.",
        ("instance:postgres_replay_lag_bytes:diff", "{{instance}}"),
        unit="bytes",
    ),
    lines(
        6,
        "PgBouncer",
        "Connections to Postgres in use, and clients waiting for one.",
        ("sum by (instance) (pgbouncer_pools_server_active_connections)", "in use {{instance}}"),
        ("sum by (instance) (pgbouncer_pools_client_waiting_connections)", "waiting {{instance}}"),
    ),
    lines(
        6,
        "Room on volumes",
        "What is left for each Postgres node; without it a primary steps down, and nobody starts.",
        ("flotilla_room_free_bytes", "{{instance}}"),
        unit="bytes",
    ),
    number(
        4,
        "Ready for early release",
        "Nodes whose program may release a dead leader's lease. With less than three a death may cost the lease.",
        ("sum(flotilla_lease_enabled) or vector(0)", ""),
        steps=steps((1, YELLOW), (3, GREEN), base=RED),
    ),
    number(
        4,
        "Waiting for room",
        "Postgres nodes that do not start for want of room on their volume.",
        ("sum(flotilla_room_waiting) or vector(0)", ""),
        steps=steps((1, RED)),
    ),
    lines(
        16,
        "Why the lease is left alone, or not",
        "What the rounds of each node say of the leader, whenever that changes.",
        # A reason that was never given before has no series: its first time counts too.
        (
            f"({LEASE_REASONS} unless {LEASE_REASONS} offset $__rate_interval)"
            f" or ({LEASE_REASONS} - {LEASE_REASONS} offset $__rate_interval > 0)",
            "{{reason}} {{instance}}",
        ),
        empty="no news",
    ),
]

BUS = [
    lines(
        6,
        "Events",
        "Handed to the broker and received from it, by all workers together, per second.",
        ("sum(rate(outbox_published_total[$__rate_interval])) or vector(0)", "published"),
        ("sum(rate(inbox_events_total[$__rate_interval])) or vector(0)", "received"),
        ("sum(rate(outbox_redelivered_total[$__rate_interval])) or vector(0)", "sent again"),
    ),
    lines(
        6,
        "Oldest waiting events",
        "How long one has waited for its consumer, by publisher; and how long one to be tried again is overdue.",
        ("job:outbox_confirm_lag_seconds:max", "from {{job}}"),
        ("job:inbox_overdue_seconds:max", "overdue in {{job}}"),
        unit="s",
    ),
    lines(
        6,
        "Workers that consume",
        "Those that had a message of their own back through the broker within 90 s.",
        ("job:workers_consuming:count", "{{job}}"),
    ),
    lines(
        6,
        "Put aside",
        "Events to be tried again, and dead letters, which wait for a person.",
        ("sum by (job) (max by (job, alias) (inbox_waiting))", "to try again {{job}}"),
        ("job:dead_letters_waiting:sum", "dead {{job}}"),
    ),
]

GATEWAY = [
    lines(
        6,
        "API requests",
        "What the gateway answered, per second, by service and status.",
        ("sum by (service, status) (rate(gateway_requests_total[$__rate_interval]))", "{{service}} {{status}}"),
        stacked=True,
        unit="reqps",
        empty="no requests yet",
    ),
    lines(
        6,
        "Calls between services",
        "How long the other one took to answer, or the caller to give up: 95 of 100 calls.",
        (
            "histogram_quantile(0.95, sum by (le, job, service) (rate(flotilla_call_seconds_bucket[5m])))",
            "{{job}} asks {{service}}",
        ),
        unit="s",
        empty="nobody asked",
    ),
    lines(
        6,
        "Breakers and limits",
        "1: a gateway replica leaves this service alone; and what was answered 503 for it, per second.",
        ("max by (service) (gateway_breaker_open)", "open {{service}}"),
        ("service:gateway_refused:rate1m", "{{why}} {{service}}"),
    ),
    lines(
        6,
        "Retries and connections",
        "Calls sent again, those not sent again for want of a budget, and new connections to services, per second.",
        ("sum(rate(gateway_retries_total[$__rate_interval]))", "sent again"),
        ("sum(service:gateway_retries_refused:rate5m)", "no budget"),
        ("sum(rate(gateway_upstream_connections_total[$__rate_interval]))", "new connections"),
    ),
]

CACHES = [
    lines(
        8,
        "Cache hits",
        "Share of lookups each shard could answer.",
        ("instance:cache_hits:ratio_rate5m", "{{instance}}"),
        unit="percentunit",
        min=0,
        max=1,
        empty="nobody asked",
    ),
    lines(
        8,
        "Memory",
        "Used by data; the limit is 96 MB each.",
        ('redis_memory_used_bytes{job=~"redis|cache"}', "{{instance}}"),
        unit="bytes",
    ),
    lines(
        8,
        "Commands",
        "Per second.",
        ('rate(redis_commands_processed_total{job=~"redis|cache"}[$__rate_interval])', "{{instance}}"),
        unit="ops",
    ),
    lines(
        8,
        "Breakers",
        "1: a web replica leaves this peer alone for a moment.",
        ("max by (peer) (flotilla_breaker_open)", "{{peer}}"),
        empty="none has opened yet",
    ),
    table(
        16,
        "Alerts",
        "What is firing; docs/runbook.md has a heading for each.",
        ('ALERTS{alertstate="firing"}', ""),
        empty="none fires",
    ),
]

# A row: title, height of its panels, the panels; a line of the grid is 24 wide.
ROWS = [
    ("Now", 4, NOW),
    ("What users get", 8, USERS),
    ("Who is up, who leads", 10, WHO),
    ("Writes and reads", 8, DATABASE),
    ("Events", 8, BUS),
    ("Gateway", 8, GATEWAY),
    ("Caches and Redis", 8, CACHES),
]
