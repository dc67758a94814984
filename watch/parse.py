"""What the servers answer -> facts. Pure: text in, values out; None for text that says nothing."""

import json
import re

from .facts import CUT, DOWN, PAUSED, SICK, UP, Balanced, Changed, Database, Request, Sessions
from .nodes import PASSING, node_name

CACHED = ("HIT", "STALE", "UPDATING", "REVALIDATED")
EVENTS = {
    "start": UP, "unpause": UP, "connect": UP, "die": DOWN, "destroy": DOWN, "pause": PAUSED, "disconnect": CUT,
}  # fmt: skip
STATES = {"running": UP, "paused": PAUSED}
LABEL = "com.docker.compose."


# -- The engine --------------------------------------------------------------------------------------------------------


def listed(lines: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Lines `id|service|number|state|status|networks` -> node -> state, and id -> node."""
    states, names = {}, {}
    for identity, service, number, state, status, networks in (line.split("|") for line in lines):
        if not PASSING.match(service):
            name = names[identity] = node_name(service, int(number))
            states[name] = container_state(state, status, networks)
    return states, names


def container_state(state: str, status: str, networks: str) -> str:
    if state == "running" and not networks:
        return CUT
    return SICK if "(unhealthy)" in status else STATES.get(state, DOWN)


def changed(line: str, project: str, names: dict[str, str]) -> Changed | None:
    """One of the engine's events -> what it says of a container; `names` learns containers that are new."""
    event = json.loads(line)
    about = event["Actor"]["Attributes"]
    if event["Type"] == "container":
        if about.get(LABEL + "project") != project or about.get(LABEL + "oneoff") != "False":
            return None
        if PASSING.match(about[LABEL + "service"]):
            return None
        identity = event["Actor"]["ID"]
        names[identity] = node_name(about[LABEL + "service"], int(about[LABEL + "container-number"]))
    else:
        identity = about.get("container", "")
        if not about.get("name", "").startswith(f"{project}_"):
            return None
    state = EVENTS.get(event["Action"])
    return Changed(names[identity], state) if state and identity in names else None


# -- The edge ----------------------------------------------------------------------------------------------------------


def request(line: str) -> Request | None:
    """A line of the edge's log; its error log is among them, and is no JSON."""
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
        by = "cache" if entry["cache"] in CACHED else last(entry["served_by"])
        return Request(entry["status"], entry["duration"], by or "edge")
    except (ValueError, KeyError):
        return None


def last(values: str) -> str:
    """nginx writes one value for each HAProxy that it asked: the last one's answer was sent."""
    return values.rpartition(",")[2].strip(" -")


# -- The servers behind it ---------------------------------------------------------------------------------------------


def balanced(name: str, rows: list[dict]) -> Balanced:
    """HAProxy's statistics -> its view of the primary and of the replicas; slots without an address are free ones."""
    primaries, states = {}, []
    for row in rows:
        if row["pxname"] == "postgres_primary" and row["svname"].startswith("postgres-") and is_up(row):
            primaries[row["svname"]] = float(row["lastchg"] or 0)
        if row["pxname"] == "web_safe" and row["svname"].startswith("web-") and not row["status"].startswith("MAINT"):
            states.append(is_up(row))
    return Balanced(name, True, primaries, (sum(states), len(states)))


def is_up(row: dict) -> bool:
    return row["status"].startswith("UP")


def database(line: str) -> Database:
    """What watch/inside.py prints."""
    answer = json.loads(line)
    members = (answer["cluster"] or {}).get("members", [])
    postgres = {one["name"]: (one.get("state", "unknown"), lag(one)) for one in members}
    etcd = {name: leads(status) for name, status in answer["etcd"].items() if status}
    return Database(postgres, etcd)


def lag(member: dict) -> int | None:
    value = member.get("lag")
    return value if isinstance(value, int) else None


def leads(status: dict) -> bool:
    return status.get("leader") == status.get("header", {}).get("member_id", "")


def sessions(text: str) -> Sessions | None:
    """redis-cli's answers to the master's address and to the list of replicas, one value a line."""
    lines = text.split("\n")
    if len(lines) < 2 or not lines[0].count("."):
        return None
    fields = lines[2:]
    addresses = values(fields, "ip")
    flags = values(fields, "flags")
    lost = {redis_name(ip) for ip, flag in zip(addresses, flags, strict=False) if re.search("down|disconnected", flag)}
    return Sessions(redis_name(lines[0]), frozenset(lost))


def values(fields: list[str], name: str) -> list[str]:
    return [value for key, value in zip(fields[::2], fields[1::2], strict=False) if key == name]


def redis_name(address: str) -> str:
    """Addresses end in .41, .42, .43 (docker-compose.yml)."""
    return f"redis-{address[-1]}"
