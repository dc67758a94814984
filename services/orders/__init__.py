"""The orders service: orders, and the saga that each of them runs with the stock of the products service."""
