"""Forgetting old keys by the clock: how long they are kept must not depend on who sends what."""

from flotilla.bus.periodic import every_in_each
from flotilla.keys import store

PRUNE_SECONDS = 60.0


@every_in_each(PRUNE_SECONDS)
def keys_prune(alias: str) -> bool:
    return store.prune(alias)
