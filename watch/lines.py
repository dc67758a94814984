"""The same facts as lines, for logs and pipes: one for the state, one for each event."""

from .facts import UP
from .state import Event, State
from .words import clock, milliseconds


def event_line(event: Event) -> str:
    return f"{clock(event.at)} EVENT {event.text}"


def state_line(state: State, now: float) -> str:
    found = state.traffic.figures(now)
    parts = {
        "primary": state.primary.name or "none",
        "lag": lags(state),
        "etcd": f"{len(state.database.etcd)}_answer" if state.database else "-",
        "redis": state.sessions.master if state.sessions else "-",
        "rotation": rotation(state),
        "requests": f"{found.rate:.1f}/s",
        "errors": found.errors,
        "refused": found.refused,
        "p50": milliseconds(found.p50).replace(" ", ""),
        "p95": milliseconds(found.p95).replace(" ", ""),
        "by": shares(found.shares),
        "not_up": not_up(state, now),
    }
    return f"{clock(now)} " + " ".join(f"{name}={value}" for name, value in parts.items())


def lags(state: State) -> str:
    members = state.database.postgres if state.database else {}
    found = [f"{name}:{lag}" for name, (_, lag) in sorted(members.items()) if lag is not None]
    return ",".join(found) or "-"


def rotation(state: State) -> str:
    views = [view.rotation for view in state.balancers.values() if view.answered]
    return "{}/{}".format(*min(views)) if views else "-"


def shares(found: dict[str, float]) -> str:
    return ",".join(f"{name}:{share:.0%}" for name, share in sorted(found.items())) or "-"


def not_up(state: State, now: float) -> str:
    conditions = {name: state.condition(name, now) for name in sorted(state.nodes)}
    return ",".join(f"{name}:{found.replace(' ', '_')}" for name, found in conditions.items() if found != UP) or "-"
