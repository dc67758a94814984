"""Rows over several databases: which bucket, which shard, which alias. What is where, and why: docs/decisions/0034."""
