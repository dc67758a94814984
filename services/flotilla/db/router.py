"""Where a query goes. DATABASE_ROUTERS = ["flotilla.db.router.ReplicaRouter"].

Writes, transactions, unsafe requests, and everything outside of requests: the primary. Reads of a safe request: one
replica for the whole request, which has replayed the client's position. `using()` overrides all of it; where there are
shards it names one, and `for_read()` says by which alias that is read.
"""

from typing import Any

from django.conf import settings
from django.db import connections

from flotilla import context
from flotilla.db import aliases, choice, primaries, replicas

# Who is logged in, and what they may do, must be true now: read from the primary while there is one.
PREFER_PRIMARY = frozenset({"sessions", "auth", "admin", "keys"})
PASSED_SECONDS = 2.0  # how long a read waits, without a primary, for a replica to pass the client's position


class ReplicaRouter:
    """Stateless: all it knows is the request's state and the latest poll."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return for_read(aliases.DEFAULT, prefer_primary=_prefers_primary(model))

    def db_for_write(self, model: Any, **hints: Any) -> str:
        state = context.current()
        if state is not None:
            state.wrote = True
        return aliases.DEFAULT

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True  # every alias of a database is the same data

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return aliases.is_primary(db)


def for_read(primary: str, *, prefer_primary: bool = False) -> str:
    """The alias by which this request reads the database that `primary` writes."""
    state = context.current()
    if state is None or not settings.FLOTILLA.database_replicas or _bound_to_primary(state, primary):
        return primary
    if state.prefer_primary or prefer_primary:
        return _primary_or_freshest(state, primary)
    return _replica(state, primary)


def _bound_to_primary(state: context.RequestState, primary: str) -> bool:
    return state.policy is context.Policy.HOLD or state.wrote or connections[primary].in_atomic_block


def _prefers_primary(model: Any) -> bool:
    return model._meta.app_label in PREFER_PRIMARY or model._meta.label == settings.AUTH_USER_MODEL


def _primary_or_freshest(state: context.RequestState, primary: str) -> str:
    """The primary while it is not known to be away; then whoever has seen the client's last write.

    A frozen or cut-off primary refuses nobody: the poller finds out, before each reader does by waiting.
    """
    known = primaries.of(primary)
    if known.is_down or primary in state.avoid or replicas.pool().has_lost_primary():
        node = _freshest(state, primary)
    else:
        node = _by_name(state) if known.is_busy else None
    return aliases.on_node(primary, node) if node else primary


def _by_name(state: context.RequestState) -> str | None:
    """The primary by its node's alias, whose server connections no waiting COMMIT occupies."""
    return choice.primary(replicas.pool().nodes(), position=state.position, avoid=state.avoid)


def _freshest(state: context.RequestState, primary: str) -> str | None:
    """The freshest replica that has passed the client's position; waits a moment for one."""
    pool, wanted = replicas.pool(), {"position": state.position, "avoid": state.avoid}
    node = pool.wait_for(
        lambda nodes: choice.freshest(nodes, **wanted) or choice.primary(nodes, **wanted),
        min(PASSED_SECONDS, state.remaining()),
    )
    if node is None and primaries.of(primary).is_down:
        left = choice.furthest_left(pool.nodes(), avoid=state.avoid)
        if left is not None:
            state.position = left.position  # nobody has more: the request's other reads need not wait for it
            return left.alias
    return node


def _replica(state: context.RequestState, primary: str) -> str:
    """The request's replica, chosen once; the primary when none will do."""
    if state.replica is None or state.replica in state.avoid:
        nodes = replicas.pool().nodes()
        state.replica = choice.pick(nodes, position=state.position, avoid=state.avoid)
        if state.replica is None:
            replicas.pool().hurry()
            named = _by_name(state)
            return aliases.on_node(primary, named) if named else _primary_or_freshest(state, primary)
    return aliases.on_node(primary, state.replica)
