"""The Celery application: how messages travel between services, and nothing more.

No result, no schedule, no acknowledgement and no visibility timeout in Redis: what becomes of an event is written in
databases (docs/decisions/0030). The worker pops a message; if it dies then, the publisher sends the events again.
"""

import warnings
from typing import Any
from urllib.parse import quote

from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning
from django.conf import settings
from kombu import Exchange, Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from flotilla.env import Env
from flotilla.settings import SENTINEL_SECONDS, address

RECEIVE, CONFIRMED, PING = "bus.receive", "bus.confirmed", "bus.ping"
SOCKET_SECONDS = 2.0
POP_SECONDS = 2.0  # a BRPOP's own limit: half a command a second when idle
SILENCE_SECONDS = 2.0  # beyond that limit, without an answer, the connection is given up


def sentinels(env: Env) -> list[tuple[str, int]]:
    return [address(node, 26379) for node in env.redis_sentinels]


def sentinel_options() -> dict[str, Any]:
    """No password: anybody may ask who is master. No retry: the next Sentinel is asked instead."""
    return {
        "socket_timeout": SENTINEL_SECONDS,
        "socket_connect_timeout": SENTINEL_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }


def ping_queue(env: Env) -> str:
    """Read by this worker only."""
    return f"bus:ping:{env.service}:{env.replica}"


def configuration(env: Env) -> dict[str, Any]:
    """One comment for each value that is not Celery's default."""
    direct = Exchange("")  # the default exchange: a binding kept in Redis would be lost with it
    password = quote(env.redis_password, safe="")
    return {
        "broker_url": ";".join(f"sentinel://:{password}@{host}:{port}/0" for host, port in sentinels(env)),
        "broker_transport_options": {
            "master_name": env.redis_master,
            "sentinel_kwargs": sentinel_options(),
            "ack_emulation": False,  # no copy of each message in `unacked`: redelivery is the publisher's
            "priority_steps": [0],  # one list a queue instead of four
            "socket_timeout": SOCKET_SECONDS,
            "socket_connect_timeout": SOCKET_SECONDS,
            "socket_keepalive": True,
            "polling_interval": POP_SECONDS,
            "health_check_interval": SILENCE_SECONDS,
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # for ever: a worker that gives up needs somebody to start it
        "broker_channel_error_retry": True,  # a demoted master's READONLY, a lonely one's NOREPLICAS
        "task_queues": (Queue(env.service, direct, env.service), Queue(ping_queue(env), direct, ping_queue(env))),
        "task_default_queue": env.service,
        "task_create_missing_queues": False,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        # Counts as in hand until it is done, and goes back to the queue when the worker is told to end before.
        "task_acks_late": True,
        "worker_consumer": "flotilla.bus.surviving:Consumer",  # Celery's own ends at an item that is no message
        "worker_prefetch_multiplier": 1,  # no more in hand than threads: what is in hand is lost with the process
        "worker_concurrency": env.bus_threads,
        "worker_enable_remote_control": False,  # a fanout to every worker, that nobody uses
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,  # lines are the service's own JSON
        "worker_redirect_stdouts": False,
    }


# Without Celery's fixups for Django: connections are kept, and let go, as flotilla.bus.databases does.
app = Celery("flotilla", fixups=set(), set_as_current=True)
app.conf.update(configuration(settings.FLOTILLA))


def consume(env: Env) -> int:
    """Celery's worker, in this thread, until SIGTERM; the exit status. What is in hand is finished first."""
    signals.setup_logging.connect(_keep_logging)
    # On a lost connection: that work in hand is not cancelled. So it should be, as its effect is once.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    worker = app.Worker(
        hostname=f"{env.service}@{env.replica}",
        pool_cls="threads",
        concurrency=env.bus_threads,
        quiet=True,
        # Chatter between workers over fanouts that each of them reads.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return worker.exitcode or 0


def _keep_logging(**_: Any) -> None:
    """Being connected is what counts: Celery then leaves logging as Django's settings have it."""
