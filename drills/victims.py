"""Which containers a drill means, at the moment before it begins."""

import http.client

from stack.engine import Container, containers

from drills.lock import Refused
from drills.matrix import Drill, stands_for


def find(drill: Drill) -> list[Container]:
    """The one to hit, or all for a fault in which all take part. Refused when it is down already."""
    candidates = [one for one in containers(stopped=True) if stands_for(drill.victim, one.service)]
    if not candidates:
        raise Refused(f"there is no container of {drill.victim.name} in this stack: `make status` shows what there is.")
    if drill.fault.of:
        return [one for one in candidates if one.state == "running"]
    name = holder(drill) if drill.victim.role else candidates[0].service
    chosen = [one for one in candidates if one.service == name and one.state == "running"]
    if not chosen:
        raise Refused(f"{drill.victim.name} ({name or 'nobody'}) is down already: `make up` first.")
    return chosen[:1]


def holder(drill: Drill) -> str:
    """Who has the role now, or nobody. Refused when none of those answers who could say."""
    try:
        return drill.victim.role()
    except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
        raise Refused(f"nobody says who is {drill.victim.name} ({error}): `make up`, then again.") from None


def is_there(drill: Drill) -> bool:
    """Whether this stack has such a container at all: Grafana may have been left out."""
    return any(stands_for(drill.victim, one.service) for one in containers(stopped=True))
