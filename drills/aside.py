"""Throw-away containers of a drill, beside the stack: started through the engine, and never left behind.

Each has a name of its own, so that one that a killed drill has left is found, and goes before there is another.
"""

import contextlib
import os
from collections.abc import Sequence

from stack.engine import PROJECT, Absent, api, post, text

TOOLS = f"{os.environ.get('IMAGE_PREFIX', 'flotilla')}/tools:{os.environ.get('TAG', 'local')}"
# What every one of them has; no privilege but what its user asks for.
BARE = {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"], "ReadonlyRootfs": True, "Init": True}


def start(name: str, command: Sequence[str], *, image: str = TOOLS, user: str = "", **host) -> str:
    """-> its id. `host`: settings of the engine's HostConfig, such as NetworkMode; without it, no network."""
    remove(name)
    settings = BARE | {"NetworkMode": "none"} | host
    # No entry point but the system's: an image of the stack has its own, which knows its roles only.
    body = {"Image": image, "Entrypoint": [""], "Cmd": list(command), "User": user, "Tty": True, "HostConfig": settings}
    made = post(f"/containers/create?name={full(name)}", body)["Id"]
    post(f"/containers/{made}/start")
    return made


def run(name: str, command: Sequence[str], **how) -> str:
    """To its end -> what it said, which is part of the failure when it fails."""
    try:
        made = start(name, command, **how)
        status = post(f"/containers/{made}/wait")["StatusCode"]
        said = text(f"/containers/{made}/logs?stdout=1&stderr=1").strip()
    finally:
        remove(name)
    assert status == 0, f"'{name}' of the drill ended with {status}: {said[-300:]}"
    return said


def remove(name: str) -> None:
    with contextlib.suppress(Absent):
        api(f"/containers/{full(name)}?force=1&v=1", method="DELETE")


def full(name: str) -> str:
    return f"{PROJECT}-drill-{name}"
