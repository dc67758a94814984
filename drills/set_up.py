"""What a run's figures hold for: its load, how long its victim was away, and what of the stack decides them."""

from stack import direct
from stack.engine import api, containers

QUESTION = ("away", "rate", "write_share", "orders", "early_release", "small_disks")  # others ask another question
LEADING = ("postgres-primary", "stack")  # how their names begin: a leader of Postgres is among those that are hit
OLDER = {"early_release": False, "small_disks": False}  # of results that were written before it was asked


def early_release() -> bool:
    """Whether the Postgres nodes release a dead leader's lease early: what a failover takes depends on it."""
    nodes = [one for one in containers(stopped=True) if one.service in direct.POSTGRES]
    return bool(nodes) and all("EARLY_RELEASE=1" in api(f"/containers/{one.id}/json")["Config"]["Env"] for one in nodes)


def of(record: dict) -> dict:
    found = OLDER | record.get("set_up", {})
    return found | {"early_release": found["early_release"] if is_decided_early(record["victim"]) else None}


def is_decided_early(victim: str) -> bool:
    """Whether early release decides its figures: where no leader is hit, runs with and without it are alike."""
    return victim.startswith(LEADING)


def of_stack(record: dict) -> tuple[bool | None, bool]:
    """What of the stack decides a figure."""
    return of(record)["early_release"], of(record)["small_disks"]


def is_early(record: dict) -> bool:
    return bool(of(record)["early_release"])
