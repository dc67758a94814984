"""What a node does whose volume is full: docs/decisions/0037."""
