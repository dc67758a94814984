"""Names of databases: what leads where."""

import pytest

from flotilla.db import aliases


@pytest.mark.parametrize(
    ("alias", "primary", "node"),
    [
        ("default", "default", "default"),
        ("replica_2", "default", "replica_2"),
        ("shard_1", "shard_1", "shard_1"),
        ("shard_1_replica_2", "shard_1", "replica_2"),
        ("shard_12_replica_3", "shard_12", "replica_3"),
    ],
)
def test_an_alias_says_which_database_and_which_node(alias, primary, node):
    assert (aliases.primary_of(alias), aliases.node_of(alias)) == (primary, node)
    assert aliases.is_primary(alias) == (alias == primary)
    if alias != primary:
        assert aliases.on_node(primary, node) == alias


def test_shards_are_numbered_from_the_default():
    assert [aliases.shard(number) for number in range(3)] == ["default", "shard_1", "shard_2"]
    assert aliases.primaries(["default", "replica_1", "shard_1", "shard_1_replica_1"]) == ["default", "shard_1"]
