"""Whether a report can be written: known before the load, not after it."""

import contextlib
import os
from pathlib import Path


def problem(folder: Path, needed: int, name: str) -> str:
    """What keeps `needed` bytes from being written there, with what to do about it; empty when nothing does.

    `name`: the folder as the person knows it, who is not in this container.
    """
    probe = folder / f".room-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"\0" * 2**16)
        found = os.statvfs(folder)
    except OSError as error:
        return f"cannot write in {name}: {error.strerror}. Free some space, or set REPORTS_DIR."
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    if found.f_bavail * found.f_frsize < needed:
        return f"the disk of {name} has less than {needed >> 20} MB free: free some space, or set REPORTS_DIR."
    return ""
