"""Keeps rows from going to whatever shard comes first: DATABASE_ROUTERS = ["flotilla.sharding.router.ShardRouter", …].

Whoever asks for a row of a sharded app says where it is, by `using()`. Only what is known of a row already is inferred.
"""

from typing import Any

from django.conf import settings

from flotilla.db.aliases import primary_of


class NoShard(RuntimeError):
    """A query of a sharded app without a shard: it would be answered, by one that may not have the row."""


class ShardRouter:
    """In front of the others; says nothing about apps that are not in SHARDED_APPS."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return self._home(model, hints)

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        home = self._home(model, hints)
        return primary_of(home) if home else None

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        """Within a shard."""
        if not {one._meta.app_label, other._meta.app_label} & set(settings.SHARDED_APPS):
            return None
        return primary_of(one._state.db or "") == primary_of(other._state.db or "")

    def _home(self, model: Any, hints: dict[str, Any]) -> str | None:
        if model._meta.app_label not in settings.SHARDED_APPS:
            return None
        known = getattr(hints.get("instance"), "_state", None)
        if known is None or not known.db:
            raise NoShard(f"{model.__name__} is sharded: say using(shards.primary(bucket)), or shards.reader(bucket).")
        return known.db
