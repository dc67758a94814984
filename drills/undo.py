"""Putting back what a drill broke, from a journal that is on the disk before anything is broken.

The journal holds each victim as it was: so undoing is comparing and repairing, the same for every fault, harmless when
done twice, and possible for the next drill when this one was killed.
"""

import json
import os
from pathlib import Path

from stack.engine import Absent, Container, api, at_once, post

from drills import cores, disk, network
from drills.signals import held

NAME = "undo.journal"


class Journal:
    def __init__(self, folder: Path):
        self.path = folder / NAME

    def write(self, victims: list[Container], mend: str = "") -> None:
        """`mend`: a name of MENDS. OSError when it cannot be kept; then nothing may be broken."""
        half = self.path.with_suffix(".part")
        with half.open("w", encoding="utf-8") as file:
            json.dump([snapshot(api(f"/containers/{victim.id}/json"), mend) for victim in victims], file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.path)

    def undo(self) -> list[str]:
        """-> what had to be put back, in words: all at once, as an engine does after a reboot.

        Not interrupted: a second Ctrl-C waits. When one fails the others are put back, and the journal stays.
        """
        with held():
            saved = self._saved()
            done = [word for words in at_once(restore, saved) for word in words]
            done += [word for name in mends_of(saved) for word in MENDS[name](saved)]
            self.path.unlink(missing_ok=True)
        return done

    def is_left(self) -> bool:
        return self.path.exists()

    def _saved(self) -> list[dict]:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else []


# What putting back a fault needs beyond the containers themselves: each takes the snapshots, and does no harm twice.
MENDS = {"network": network.mend, "cores": cores.mend, "disk": disk.mend}


def mends_of(saved: list[dict]) -> list[str]:
    return list(dict.fromkeys(one["mend"] for one in saved if one.get("mend")))


def snapshot(facts: dict, mend: str = "") -> dict:
    """What must be put back of one container, from what the engine says of it."""
    networks = facts["NetworkSettings"]["Networks"]
    return {
        "mend": mend,
        "id": facts["Id"],
        "name": facts["Name"].lstrip("/"),
        "networks": {name: endpoint(network, facts["Id"][:12]) for name, network in networks.items()},
    }


def endpoint(network: dict, own: str) -> dict:
    """`own`: the alias that the engine adds by itself."""
    return {
        "address": network["IPAddress"],
        "fixed": bool((network.get("IPAMConfig") or {}).get("IPv4Address")),
        "aliases": [alias for alias in network.get("Aliases") or [] if alias != own],
        "links": network.get("Links") or [],
    }


def restore(saved: dict) -> list[str]:
    """Compares a container with how it was and repairs the difference -> what was done. It may have gone for good."""
    path, done = f"/containers/{saved['id']}", []
    try:
        facts = api(f"{path}/json")
    except Absent:
        return [f"{saved['name']} is gone: `make up` makes it again"]
    absent = [name for name in saved["networks"] if name not in facts["NetworkSettings"]["Networks"]]
    for name in absent:
        connect(saved["id"], name, saved["networks"][name])
    if absent:
        done.append(f"{saved['name']} put back on its networks")
    if facts["State"]["Paused"]:
        post(f"{path}/unpause")
        done.append(f"{saved['name']} unpaused")
    elif not facts["State"]["Running"]:
        post(f"{path}/start")
        done.append(f"{saved['name']} started")
    return done


def connect(container: str, network: str, saved: dict) -> None:
    """With its names and its fixed address. A loose one is the engine's to give: asked for by name it would be fixed
    from then on, and when all start at once, another may have it first."""
    endpoint = {"Aliases": saved["aliases"], "Links": saved["links"]}
    place = {"IPAMConfig": {"IPv4Address": saved["address"]}} if saved["fixed"] else {}
    post(f"/networks/{network}/connect", {"Container": container, "EndpointConfig": endpoint | place})
