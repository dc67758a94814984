"""Waiting for room, before Patroni starts: on a full volume it could only fail, again and again."""

import time
from pathlib import Path

from pgnode.log import log

from .volume import MB

MARK = Path("/run/patroni/waiting-for-room")  # in memory; the metrics look for it
STEADY = 5  # looks, a second apart: what is freed may be taken again at once


def wait(volume, mark=MARK, pause=time.sleep):
    """Until there has been room for a while; at once where there is."""
    if volume.has_room():
        return
    log(f"no room on {volume}: Patroni starts when {volume.needed // MB} MB are free for {STEADY} s", "node")
    mark.touch()
    try:
        _steady(volume, pause)
    finally:
        mark.unlink(missing_ok=True)
    log(f"room again on {volume}", "node")


def _steady(volume, pause):
    looks = 0
    while looks < STEADY:
        pause(1)
        looks = looks + 1 if volume.has_room() else 0
