"""A full disk: possible only where a node's volume is small, so that the machine's own disk stays as it is.

`SMALL_DISKS=1 make up` starts a stack of such volumes (drills/small-disks.yml). What fills one is a throw-away
container of the node's own image and user that has the same volume: its memory is not the node's, and it goes on
filling, so that what Postgres gives back is gone as well.
"""

from stack import direct
from stack.engine import Absent, Container, api, containers

from drills import aside
from drills.signals import held

PLACE = "/data"
FILE = f"{PLACE}/drill-fill"  # in the volume, beside the data directory
DD = f"dd if=/dev/zero of={FILE} bs=64k oflag=append conv=notrunc"
FILL = f"{DD} 2>&1 | grep -q 'No space left' || {{ echo 'there is room left on {PLACE}'; exit 1; }}"
KEEP_FULL = f"while :; do {DD} 2>/dev/null || sleep 0.2; done"


def fill(victims: list[Container]) -> None:
    """Until nothing more fits, and so it stays."""
    with held():
        for victim in victims:
            aside.run("disk", ["sh", "-c", FILL], **beside(victim.id))
            aside.start("disk", ["sh", "-c", KEEP_FULL], **beside(victim.id))


def mend(saved: list[dict]) -> list[str]:
    """From outside too: on a full disk a node may not even start."""
    aside.remove("disk")
    return [f"{one['name']} has room again" for one in saved if emptied(one["id"])]


def emptied(container: str) -> bool:
    try:
        aside.run("disk", ["rm", "-f", FILE], **beside(container))
    except Absent:
        return False
    return True


def beside(container: str) -> dict:
    """A throw-away container with that one's image, user and volume."""
    facts = api(f"/containers/{container}/json")
    return {
        "image": facts["Config"]["Image"], "user": facts["Config"]["User"],
        "Mounts": [{"Type": "volume", "Source": volume(facts), "Target": PLACE}],
    }  # fmt: skip


def volume(facts: dict) -> str:
    return next(mount["Name"] for mount in facts["Mounts"] if mount["Destination"] == PLACE)


# -- Whether the volumes are small -------------------------------------------------------------------------------------


def is_small(victim: Container) -> bool:
    name = volume(api(f"/containers/{victim.id}/json"))
    return "size=" in ((api(f"/volumes/{name}") or {}).get("Options") or {}).get("o", "")


def are_small() -> bool:
    """Whether this is a stack of small disks, or in part."""
    return any(is_small(one) for one in containers(stopped=True) if one.service in direct.POSTGRES)


def lacks(victims: tuple[Container, ...]) -> str:
    """Why nothing here may be filled, in a sentence."""
    if all(map(is_small, victims)):
        return ""
    return (
        "it would fill this machine's disk. On volumes of limited size it can: make reset, then SMALL_DISKS=1 make up."
    )


def forgets(_: tuple[Container, ...]) -> str:
    """Why not all may go at once, in a sentence: small volumes are memory, and end with the container that has them."""
    if not are_small():
        return ""
    return "on small disks (SMALL_DISKS=1) the data ends with its containers, and all of it would be gone."
