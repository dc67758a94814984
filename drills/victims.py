"""Which containers a drill means, at the moment before it begins."""

import http.client

from stack.engine import Container, containers

from drills.lock import Refused
from drills.matrix import Drill, Victim, named, stands_for


def find(drill: Drill) -> list[Container]:
    """The one to hit and those that are hit with it, or all for a fault in which all take part; a role is one's alone.

    Refused when one is down already.
    """
    found = candidates(drill.victim)
    if drill.victim.every or not (drill.fault.lasts or drill.victim.role):
        return [one for one in found if one.state == "running"]
    return [chosen(drill.victim, found), *(chosen(other, candidates(other)) for other in together(drill.victim))]


def candidates(victim: Victim) -> list[Container]:
    found = [one for one in containers(stopped=True) if stands_for(victim, one.service)]
    if not found:
        raise Refused(f"there is no container of {victim.name} in this stack: `make status` shows what there is.")
    return found


def chosen(victim: Victim, candidates: list[Container]) -> Container:
    """The first that runs, or whoever has the role."""
    name = holder(victim) if victim.role else candidates[0].service
    found = next((one for one in candidates if name in (one.service, one.name) and one.state == "running"), None)
    if not found:
        raise Refused(f"{victim.name} ({name or 'nobody'}) is down already: `make up` first.")
    return found


def together(victim: Victim) -> list[Victim]:
    return [named("victim", name) for name in victim.also]


def holder(victim: Victim) -> str:
    """Who has the role now, or nobody. Refused when none of those answers who could say."""
    try:
        return victim.role()
    except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
        raise Refused(f"nobody says who is {victim.name} ({error}): `make up`, then again.") from None


def lacks(drill: Drill) -> str:
    """Why this stack or machine cannot have such a drill, in a sentence; empty when it can."""
    found = tuple(candidates(drill.victim))
    return drill.victim.lacks(found) or drill.fault.lacks(found)


def require_possible(drill: Drill) -> None:
    if why := lacks(drill):
        raise Refused(f"{drill} cannot be: {why}")


def is_there(drill: Drill) -> bool:
    """Whether this stack has such a container at all: Grafana may have been left out."""
    there = [one.service for one in containers(stopped=True)]
    victims = [drill.victim, *together(drill.victim)]
    return all(any(stands_for(victim, service) for service in there) for victim in victims)
