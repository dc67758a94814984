"""The environment, read once into one typed object. Nothing else in the project reads os.environ."""

import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flotilla import jwks

INSECURE_KEY = "insecure-development-key-set-SECRET_KEY_FILE"
ADDRESS = re.compile(r"http://[\w.-]+(:\d{1,5})?/?")


class EnvironmentProblem(Exception):
    """A setting is wrong; the message is one sentence: what is wrong and what to do."""


@dataclass(frozen=True, kw_only=True)
class Env:
    """All settings. The defaults are the null ones: SQLite, memory cache, no replicas, no Redis."""

    service: str = "web"
    replica: str = ""
    debug: bool = False
    site_host: str = "localhost"
    https_port: int = 443
    secret_key: str = field(default=INSECURE_KEY, repr=False)
    identity_key: str = field(default="", repr=False)
    identity_keys: str = ""
    token_key: str = field(default="", repr=False)
    token_keys: str = ""
    log_level: str = "INFO"
    static_url: str = "/static/"
    static_root: str = "/srv/static"
    media_url: str = "/media/"
    trusted_proxies: tuple[str, ...] = ()
    database_hosts: tuple[str, ...] = ()
    database_port: int = 6432
    database_name: str = ""
    database_shards: tuple[str, ...] = ()
    database_user: str = ""
    database_password: str = field(default="", repr=False)
    database_sslmode: str = "prefer"
    database_replicas: tuple[int, ...] = ()
    database_replica_user: str = ""
    database_replica_password: str = field(default="", repr=False)
    database_read_seconds: float = 3.0
    redis_sentinels: tuple[str, ...] = ()
    redis_master: str = "main"
    redis_password: str = field(default="", repr=False)
    cache_nodes: tuple[str, ...] = ()
    cache_password: str = field(default="", repr=False)
    transaction_idle_seconds: float = 10.0
    write_hold_seconds: float = 30.0
    request_seconds: float = 40.0
    consistency_seconds: int = 30
    primary_paths: tuple[str, ...] = ("/admin/",)
    metrics_port: int = 9000
    threads: int = 200
    writes_at_once: int = 8
    bus_threads: int = 4
    bus_attempts: int = 10
    bus_redeliver_seconds: float = 30.0
    bus_keep_days: int = 7
    bus_heartbeat: str = ""
    gateway_urls: tuple[str, ...] = ()
    users_urls: tuple[str, ...] = ()
    products_urls: tuple[str, ...] = ()
    orders_urls: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Env":
        """Read the process environment (or the mapping given). Raises EnvironmentProblem."""
        reader = Reader(environ)
        return cls(
            service=reader.text("SERVICE", "web"),
            replica=reader.text("REPLICA", socket.gethostname()),
            debug=reader.flag("DEBUG"),
            site_host=reader.text("SITE_HOST", "localhost"),
            https_port=reader.integer("HTTPS_PORT", 443),
            secret_key=reader.secret("SECRET_KEY", INSECURE_KEY),
            identity_key=reader.secret("IDENTITY_KEY", ""),
            identity_keys=reader.secret("IDENTITY_KEYS", ""),
            token_key=reader.secret("TOKEN_KEY", ""),
            token_keys=reader.secret("TOKEN_KEYS", ""),
            log_level=reader.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
            static_url=reader.text("STATIC_URL", "/static/"),
            static_root=reader.text("STATIC_ROOT", "/srv/static"),
            media_url=reader.text("MEDIA_URL", "/media/"),
            trusted_proxies=reader.words("TRUSTED_PROXIES"),
            database_hosts=reader.words("DATABASE_HOSTS"),
            database_port=reader.integer("DATABASE_PORT", 6432),
            database_name=reader.text("DATABASE_NAME", ""),
            database_shards=reader.words("DATABASE_SHARDS"),
            database_user=reader.text("DATABASE_USER", ""),
            database_password=reader.secret("DATABASE_PASSWORD", ""),
            database_sslmode=reader.choice(
                "DATABASE_SSLMODE", "prefer", ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
            ),
            database_replicas=reader.integers("DATABASE_REPLICAS"),
            database_replica_user=reader.text("DATABASE_REPLICA_USER", ""),
            database_replica_password=reader.secret("DATABASE_REPLICA_PASSWORD", ""),
            database_read_seconds=reader.seconds("DATABASE_READ_SECONDS", 3.0),
            redis_sentinels=reader.words("REDIS_SENTINELS"),
            redis_master=reader.text("REDIS_MASTER", "main"),
            redis_password=reader.secret("REDIS_PASSWORD", ""),
            cache_nodes=reader.words("CACHE_NODES"),
            cache_password=reader.secret("CACHE_PASSWORD", ""),
            transaction_idle_seconds=reader.seconds("TRANSACTION_IDLE_SECONDS", 10.0),
            write_hold_seconds=reader.seconds("WRITE_HOLD_SECONDS", 30.0),
            request_seconds=reader.seconds("REQUEST_SECONDS", 40.0),
            consistency_seconds=reader.integer("CONSISTENCY_SECONDS", 30),
            primary_paths=reader.words("PRIMARY_PATHS") or ("/admin/",),
            metrics_port=reader.integer("METRICS_PORT", 9000),
            threads=reader.integer("GUNICORN_THREADS", 200),
            writes_at_once=reader.integer("WRITES_AT_ONCE", 8),
            bus_threads=reader.integer("BUS_THREADS", 4),
            bus_attempts=reader.integer("BUS_ATTEMPTS", 10),
            bus_redeliver_seconds=reader.seconds("BUS_REDELIVER_SECONDS", 30.0),
            bus_keep_days=reader.integer("BUS_KEEP_DAYS", 7),
            bus_heartbeat=reader.text("BUS_HEARTBEAT", ""),
            gateway_urls=reader.urls("GATEWAY_URLS"),
            users_urls=reader.urls("USERS_URLS"),
            products_urls=reader.urls("PRODUCTS_URLS"),
            orders_urls=reader.urls("ORDERS_URLS"),
        ).checked()

    def checked(self) -> "Env":
        """Refuse combinations that cannot work."""
        if self.database_hosts and not (self.database_name and self.database_user):
            raise EnvironmentProblem("DATABASE_HOSTS is set: set DATABASE_NAME and DATABASE_USER too.")
        if self.database_hosts and self.secret_key == INSECURE_KEY and not self.debug:
            raise EnvironmentProblem("SECRET_KEY_FILE is not set: the development key would let anybody sign sessions.")
        if self.database_replicas and not self.database_hosts:
            raise EnvironmentProblem(
                "DATABASE_REPLICAS is set without DATABASE_HOSTS: replicas need a Postgres primary."
            )
        if not 1 <= self.writes_at_once <= self.threads:
            raise EnvironmentProblem("WRITES_AT_ONCE must be at least 1 and at most GUNICORN_THREADS.")
        if not (self.bus_threads and self.bus_attempts and self.bus_keep_days):
            raise EnvironmentProblem("BUS_THREADS, BUS_ATTEMPTS and BUS_KEEP_DAYS must be at least 1.")
        for name, keys in (("IDENTITY_KEYS_FILE", self.identity_keys), ("TOKEN_KEYS_FILE", self.token_keys)):
            if keys and not jwks.are_public(keys):
                raise EnvironmentProblem(
                    f"{name} is no JWK set of public Ed25519 keys with a kid: delete it, run `make up`."
                )
        for name, key in (("IDENTITY_KEY_FILE", self.identity_key), ("TOKEN_KEY_FILE", self.token_key)):
            if key and not jwks.is_private(key):
                raise EnvironmentProblem(f"{name} is no private key in PEM: delete it, run `make up`.")
        if self.write_hold_seconds >= self.request_seconds:
            raise EnvironmentProblem(
                "WRITE_HOLD_SECONDS must be less than REQUEST_SECONDS, or a held write cannot answer."
            )
        return self


class Reader:
    """Typed reading of the process environment, or a mapping of strings, with errors that say what to do.

    For Env, and for the few settings of one service that its settings module reads.
    """

    def __init__(self, environ: Mapping[str, str] | None = None):
        self.environ = os.environ if environ is None else environ

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name) or default

    def flag(self, name: str) -> bool:
        value = self.text(name, "0").lower()
        if value not in {"0", "1", "true", "false", "yes", "no"}:
            raise EnvironmentProblem(f"{name} is {value!r}: set it to 1 or 0.")
        return value in {"1", "true", "yes"}

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise EnvironmentProblem(f"{name} is {value!r}: set it to one of {', '.join(choices)}.")
        return value

    def integer(self, name: str, default: int, *, least: int = 0) -> int:
        number = _number(name, self.text(name, str(default)))
        if number < least:
            raise EnvironmentProblem(f"{name} is {number}: set it to {least} or more.")
        return number

    def integers(self, name: str) -> tuple[int, ...]:
        return tuple(_number(name, word) for word in self.words(name))

    def seconds(self, name: str, default: float, *, most: float = 3600) -> float:
        value = self.text(name, str(default))
        try:
            seconds = float(value)
        except ValueError:
            raise EnvironmentProblem(f"{name} is {value!r}: set it to a number of seconds.") from None
        if not 0 < seconds <= most:
            raise EnvironmentProblem(f"{name} is {value!r}: set it between 0 and {most:.0f} seconds.")
        return seconds

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.environ.get(name, "").split(",") if word.strip())

    def urls(self, name: str) -> tuple[str, ...]:
        """Addresses of one service: scheme, host and perhaps a port."""
        words = self.words(name)
        for word in words:
            if not ADDRESS.fullmatch(word):
                raise EnvironmentProblem(f"{name} has {word!r}: set it to addresses such as http://10.77.2.21:8110.")
        return words

    def secret(self, name: str, default: str) -> str:
        """The content of the file that NAME_FILE names, else NAME itself, else the default."""
        path = self.environ.get(f"{name}_FILE")
        return secret_file(f"{name}_FILE", Path(path)) if path else self.text(name, default)


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise EnvironmentProblem(f"{name} is {value!r}: set it to a whole number.")
    return int(value)


def secret_file(name: str, path: Path) -> str:
    """A secret from its file. Raises EnvironmentProblem when it cannot be read or is empty."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EnvironmentProblem(
            f"{name}: the secret {path} cannot be read ({error.strerror}); run `make secrets`."
        ) from None
    if not secret:
        raise EnvironmentProblem(f"{name}: the secret {path} is empty; delete it and run `make secrets`.")
    return secret


def main() -> None:
    """`python -m flotilla.env`: say in one sentence what is wrong with the environment, before a server starts."""
    try:
        Env.from_environ()
    except EnvironmentProblem as problem:
        sys.exit(f"environment: {problem}")


if __name__ == "__main__":
    main()
