"""Django settings, one named function per concern; a service's settings module calls them with its Env.

env = Env.from_environ()
FLOTILLA = env
DATABASES = databases(env)
globals().update(security(env))
"""

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from flotilla.api.settings import rest as rest
from flotilla.db import aliases
from flotilla.env import Env

# Outside sessions and authentication: what is inside them may be run again from the start.
MIDDLEWARE_OUTER = [
    "flotilla.requests.middleware.RequestMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "flotilla.requests.inputs.InputMiddleware",
    "flotilla.requests.rerun.RerunMiddleware",
]

# A Redis that is slower than this is worth less than a database read. A paused container accepts and never answers.
REDIS_SECONDS = 0.5
REDIS_CONNECT_SECONDS = 0.3
SENTINEL_SECONDS = 0.2  # one short answer from memory; up to three of them are asked in turn, twice

SECONDS_KEPT = 60  # a connection to PgBouncer costs a SCRAM exchange of several milliseconds


def middleware() -> list[str]:
    """The whole chain of a service that serves pages."""
    return [
        *MIDDLEWARE_OUTER,
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]


def api_middleware() -> list[str]:
    """The whole chain of a service that is an API: no sessions, cookies, forms or messages."""
    return [
        *MIDDLEWARE_OUTER,
        "django.middleware.common.CommonMiddleware",
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]


def proxy_middleware() -> list[str]:
    """The whole chain of a service that hands requests on: no database to go away, no body to be read."""
    return [
        "flotilla.requests.middleware.RequestMiddleware",
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        "flotilla.requests.inputs.AddressMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]


def databases(env: Env) -> dict[str, Any]:
    """`default` is the primary, `replica_<n>` Postgres node n; further shards as flotilla.db.aliases has it.

    Without hosts: SQLite.
    """
    made: dict[str, Any] = {}
    for number, name in enumerate([env.database_name, *env.database_shards]):
        made |= _shard(env, aliases.shard(number), name)
    return made


def _shard(env: Env, primary: str, name: str) -> dict[str, Any]:
    """One database and its replicas."""
    if not env.database_hosts:
        return {primary: {"ENGINE": "django.db.backends.sqlite3", "NAME": name or "db.sqlite3"}}
    user, password = env.database_replica_user, env.database_replica_password
    replicas = {
        aliases.on_node(primary, f"{aliases.REPLICA}{n}"): _database(env, f"{name}_{n}", user, password)
        | {"TEST": {"MIRROR": primary}}
        for n in env.database_replicas
    }
    return {primary: _database(env, name, env.database_user, env.database_password), **replicas}


def _database(env: Env, name: str, user: str, password: str) -> dict[str, Any]:
    return {
        "ENGINE": "flotilla.db.backend",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": ",".join(env.database_hosts),
        "PORT": str(env.database_port),
        "CONN_MAX_AGE": SECONDS_KEPT,
        # No ping per request: a dead connection shows at the first statement, which the backend may send again.
        "CONN_HEALTH_CHECKS": False,
        # A server-side cursor outlives its transaction's server connection in transaction pooling.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            "read_seconds": env.database_read_seconds,  # ours: how long a statement may take inside a request
            "connect_timeout": 2,  # psycopg's own floor, per host
            "sslmode": env.database_sslmode,
            "application_name": env.service,
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 3,
        },
    }


def routers() -> list[str]:
    """DATABASE_ROUTERS."""
    return ["flotilla.db.router.ReplicaRouter"]


def caches(env: Env) -> dict[str, Any]:
    """`default` over the cache nodes, `sessions` on the Sentinel master; each in process memory when not configured."""
    default: dict[str, Any] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "default"}
    sessions = default | {"LOCATION": "sessions"}
    if env.cache_nodes:
        default = {
            "BACKEND": "flotilla.cache.backend.CountedCache",
            "LOCATION": ["redis://{}:{}/0".format(*address(node, 6379)) for node in env.cache_nodes],
            "KEY_PREFIX": env.service,
            "OPTIONS": _redis_options(env, env.cache_password) | {"CLIENT_CLASS": "flotilla.cache.shards.ShardClient"},
        }
    if env.redis_sentinels:
        sessions = {
            "BACKEND": "flotilla.cache.backend.Cache",
            "LOCATION": f"redis://{env.redis_master}/0",  # by name: always the master, as nothing asks for replicas
            "KEY_PREFIX": env.service,
            "OPTIONS": _redis_options(env, env.redis_password)
            | {
                "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
                "SENTINELS": [address(node, 26379) for node in env.redis_sentinels],
                # No password: anybody may ask who is master. No retry: the next Sentinel is asked instead.
                "SENTINEL_KWARGS": {
                    "socket_timeout": SENTINEL_SECONDS,
                    "socket_connect_timeout": SENTINEL_SECONDS,
                    "retry": Retry(NoBackoff(), 0),
                    "max_connections": _most_connections(env),  # at a start all threads ask at once
                },
            },
        }
    return {"default": default, "sessions": sessions}


def _redis_options(env: Env, password: str) -> dict[str, Any]:
    return {
        "PASSWORD": password,
        "REDIS_CLIENT_CLASS": "flotilla.cache.guard.GuardedRedis",
        "SERIALIZER": "flotilla.cache.values.Serializer",
        "COMPRESSOR": "flotilla.cache.values.Compressor",
        "IGNORE_EXCEPTIONS": True,  # a miss, or a dropped write
        "SOCKET_TIMEOUT": REDIS_SECONDS,
        "SOCKET_CONNECT_TIMEOUT": REDIS_CONNECT_SECONDS,
        "CONNECTION_POOL_KWARGS": {
            "max_connections": _most_connections(env),
            # Once, for a kept connection that its server has closed; a timeout is not tried again.
            "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        },
    }


def _most_connections(env: Env) -> int:
    """More than can be in use: each thread holds one at a time, and so do the health checks' few."""
    return env.threads + 16


def address(node: str, default_port: int) -> tuple[str, int]:
    """Host and port of `host:port`, or of `host`."""
    host, _, port = node.partition(":")
    return host, int(port or default_port)


def sessions() -> dict[str, Any]:
    """Sessions are written only when changed, so that no page view needs the primary."""
    return {
        "SESSION_ENGINE": "flotilla.sessions",
        "SESSION_SAVE_EVERY_REQUEST": False,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def security(env: Env) -> dict[str, Any]:
    """Hosts, cookies, headers and limits. TLS ends at the edge, which alone may say so."""
    origin = f"https://{env.site_host}"
    return {
        "SECRET_KEY": env.secret_key,
        "DEBUG": env.debug,
        # Exceptions travel to RerunMiddleware, which runs the request again or answers and logs 500, once.
        "DEBUG_PROPAGATE_EXCEPTIONS": True,
        "ALLOWED_HOSTS": [env.site_host, "localhost", "127.0.0.1"],
        "CSRF_TRUSTED_ORIGINS": [
            origin,
            *(f"https://{h}:{env.https_port}" for h in (env.site_host, "localhost", "127.0.0.1")),
        ],
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "SESSION_COOKIE_SECURE": not env.debug,
        "CSRF_COOKIE_SECURE": not env.debug,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        # Above the edge's 1 MB: whoever refuses a body before reading it leaves a half-sent one on a kept connection.
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 2_000_000,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 500,
    }


def static(env: Env) -> dict[str, Any]:
    """Hashed names, compressed once at build; any CDN by STATIC_URL."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    if not env.debug:
        backend = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    return {
        "STATIC_URL": env.static_url,
        "STATIC_ROOT": env.static_root,
        "MEDIA_URL": env.media_url,
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": backend},
        },
    }


def logging(env: Env) -> dict[str, Any]:
    """JSON lines on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "flotilla.logging.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": env.log_level},
        # Django's own handlers (mail to admins, plain text) are replaced, not added to.
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": env.log_level},
            # Two lines for each message that says nothing of its events.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }
