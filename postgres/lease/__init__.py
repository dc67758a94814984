"""Releases the lease of a dead leader before it runs out: docs/decisions/0028."""
