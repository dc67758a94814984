"""CPU starvation: a throw-away container of busy loops, which counts as much as the heaviest container of the stack."""

import os
import socket
from pathlib import Path

from stack.engine import Container, api, at_once, post

from drills import aside
from drills.signals import held

LOOPS = 4  # busy loops a core
USUAL = 1024  # a container's shares when nothing is said
LOOP = 'for _ in $(seq "$1"); do while :; do :; done & done; wait'


def starve(victims: list[Container]) -> None:
    """Every container waits for a core, for as long as it lasts. The drill itself must go on looking.

    The loops never idle and weigh as much as those that go first in this stack, the servers of data and the balancers:
    sixteen times as much as one that serves pages (docs/decisions/0038).
    """
    shares = max(at_once(shares_of, victims))
    with held():
        go_first(shares)
        aside.start("hog", ["sh", "-c", LOOP, "hog", loops()], CpuShares=shares)


def loops() -> str:
    return str(LOOPS * (os.cpu_count() or 1))


def shares_of(victim: Container) -> int:
    return api(f"/containers/{victim.id}/json")["HostConfig"]["CpuShares"] or USUAL


def go_first(shares: int) -> None:
    """A watcher that is starved too sees nothing; on a host it competes with no container."""
    if Path("/.dockerenv").exists():
        post(f"/containers/{socket.gethostname()}/update", {"CpuShares": shares})


def mend(_: list[dict]) -> list[str]:
    aside.remove("hog")
    return ["the busy loops are ended"]
