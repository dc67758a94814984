"""The shop's pages: catalogue, search, reviews, carts and accounts, rendered on the server."""
