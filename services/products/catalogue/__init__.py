"""The demonstration catalogue: the same products on every machine, from words and a fixed seed."""
