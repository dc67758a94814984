"""How databases are called: `default` and `shard_<k>` are primaries, `replica_<n>` and `shard_<k>_replica_<n>` are read
from Postgres node n. Django-free.

All shards lie on the same nodes: what is known of a node by one alias holds for the others that lead to it.
"""

from collections.abc import Iterable

DEFAULT = "default"  # shard 0, and the only one of a service without shards
REPLICA = "replica_"


def shard(number: int) -> str:
    """The primary of shard `number`."""
    return f"shard_{number}" if number else DEFAULT


def is_primary(alias: str) -> bool:
    return REPLICA not in alias


def primaries(aliases: Iterable[str]) -> list[str]:
    """Every database once, without its replicas."""
    return [alias for alias in aliases if is_primary(alias)]


def primary_of(alias: str) -> str:
    """Of the database that the alias leads to: `shard_1` for `shard_1_replica_2`."""
    return alias if is_primary(alias) else alias.partition(REPLICA)[0].removesuffix("_") or DEFAULT


def node_of(alias: str) -> str:
    """By which the pollers know the alias's node: `replica_2` for `shard_1_replica_2`; a primary is its own."""
    return alias if is_primary(alias) else alias[alias.index(REPLICA) :]


def on_node(primary: str, node: str) -> str:
    """The database of `primary` on that node: `shard_1_replica_2` for `shard_1` and `replica_2`."""
    return node if primary == DEFAULT else f"{primary}_{node}"
