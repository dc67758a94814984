"""Facts as short texts, the same for the screen and for the lines."""

import time

from .roles import leader, quorum
from .state import State

SPARKS = "▁▂▃▄▅▆▇█"


def clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def span(seconds: float) -> str:
    """Rounded to what is worth knowing: 42 s, 12 min, 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def sparkline(values: list[float]) -> str:
    """A column per value; none at all is a blank, so that the smallest column means: there was something."""
    top = max(values, default=0)
    return "".join(SPARKS[min(7, int(value * 7 / top + 0.5))] if value else " " for value in values)


def role(state: State, node: str) -> str:
    """What sets a node apart in its tier: primary, lag, leader, master."""
    if node == state.primary.name:
        return "primary"
    if state.sessions and node == state.sessions.master:
        return "master"
    if state.database and node == leader(state.database.etcd):
        return "leader"
    member = state.database.postgres.get(node) if state.database else None
    return f"lag {size(member[1])}" if member and member[1] is not None else ""


def remark(state: State, tier: str, members: list[str]) -> str:
    """What holds for the tier as a whole."""
    if tier == "web" and (views := [view.rotation for view in state.balancers.values() if view.answered]):
        return "in rotation {} of {}".format(*min(views))
    if tier == "etcd" and state.database:
        return "quorum" if quorum(state.database.etcd, len(members)) else "NO QUORUM"
    return ""


def leadership(state: State, now: float) -> tuple[str, bool]:
    """Who takes writes, since when; and whether that is good."""
    primary = state.primary
    if state.balancers and not any(view.answered for view in state.balancers.values()):
        return f"no HAProxy answers; the last primary known is {primary.name or 'none'}", False
    if primary.name:
        return f"{primary.name} is primary since {clock(primary.since)} ({span(now - primary.since)})", True
    if primary.gap is None:
        return "asking who is primary", True
    return f"NO PRIMARY for {now - primary.gap:.0f} s: writes wait, reads go on", False
