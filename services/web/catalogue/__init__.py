"""The demonstration catalogue: the same products, people and reviews on every machine, from words and a fixed seed."""
