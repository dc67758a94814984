"""The app of both services: a table of effects, and handlers that write into it."""
