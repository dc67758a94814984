"""Servers in dictionaries below the guard: what a Redis would answer, or the error of a lost one."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import redis
from django.core.cache import CacheHandler
from django_redis.pool import ConnectionFactory
from redis.client import Pipeline

from flotilla import settings as parts
from flotilla.breaker import Breaker
from flotilla.cache import guard
from flotilla.env import Env

ENV = Env(
    cache_nodes=("10.0.0.1:6379", "10.0.0.2", "10.0.0.3:6379"),
    cache_password="c",
    redis_sentinels=("10.0.0.4:26379", "10.0.0.5"),
    redis_password="r",
)


class Server:
    """The commands that the library uses."""

    def __init__(self, url):
        self.url, self.host = url, urlsplit(url).hostname
        self.data, self.error, self.calls = {}, None, 0

    def answer(self, command, *args):
        self.calls += 1
        if self.error:
            raise self.error
        return getattr(self, command.lower())(*args)

    def ping(self):
        return True

    def get(self, key):
        return self.data.get(key)

    def mget(self, *keys):
        return [self.data.get(key) for key in keys]

    def set(self, key, value, *how):
        if "NX" in how and key in self.data:
            return None
        self.data[key] = value if isinstance(value, bytes) else str(value).encode()
        return True

    def delete(self, *keys):
        return sum(self.data.pop(key, None) is not None for key in keys)

    def exists(self, key):
        return int(key in self.data)

    def pexpire(self, key, milliseconds):
        return int(key in self.data)

    def flushdb(self):
        self.data.clear()

    def lpush(self, key, *values):
        self.data[key] = [*reversed(values), *self.data.get(key, [])]

    def ltrim(self, key, first, last):
        self.data[key] = self.data[key][first : last + 1]

    def expire(self, key, seconds):
        return int(key in self.data)

    def hincrby(self, key, field, amount):
        counts = self.data.setdefault(key, {})
        counts[field.encode()] = counts.get(field.encode(), 0) + amount

    def eval(self, script, count, key, *args):
        """The two scripts in use: the library's drain, django-redis' increment."""
        if "HGETALL" in script:
            return [part for name, n in self.data.pop(key, {}).items() for part in (name, str(n).encode())]
        if key not in self.data:
            return None
        self.data[key] = str(int(self.data[key]) + args[0]).encode()
        return int(self.data[key])


class Servers(list):
    """Three shards and a master, and the caches of a service over them."""

    def __init__(self, clock):
        self.shards = [Server(url) for url in parts.caches(ENV)["default"]["LOCATION"]]
        self.master, self.clock = Server("redis://main/0"), clock
        super().__init__([*self.shards, self.master])

    def cache(self, alias):
        """As a thread of its own would get it."""
        return CacheHandler(parts.caches(ENV))[alias]

    def of(self, pool):
        """The one that the pool's connections lead to; of a Sentinel's pool the host is the master's name."""
        return next(server for server in self if server.host == pool.connection_kwargs["host"])

    def forget_calls(self):
        for server in self:
            server.calls = 0


def caches_over(monkeypatch):
    """Fake servers below redis-py's clients; breakers and pools are new."""
    servers = Servers(SimpleNamespace(seconds=1000.0))
    words = {"DEL": "delete"}

    def execute_command(self, *args, **options):
        return servers.of(self.connection_pool).answer(words.get(args[0], args[0]), *args[1:])

    def execute(self, raise_on_error=True):
        server, stack = servers.of(self.connection_pool), self.command_stack
        return [server.answer(words.get(args[0], args[0]), *args[1:]) for args, _ in stack]

    monkeypatch.setattr(redis.Redis, "execute_command", execute_command)
    monkeypatch.setattr(Pipeline, "execute", execute)
    monkeypatch.setattr(ConnectionFactory, "_pools", {})
    monkeypatch.setattr(guard, "_breakers", {})
    monkeypatch.setattr(guard, "Breaker", lambda: Breaker(clock=lambda: servers.clock.seconds))
    return servers


def cut(server, error=None):
    server.error = error or redis.ConnectionError("gone")
