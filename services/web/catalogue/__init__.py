"""The demonstration's people, reviews and views; and the products service's list, for the seed and for a rebuild."""
