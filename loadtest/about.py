"""Where a report was made: machine, versions, commit. What only the host knows comes by the environment."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path


def about() -> dict:
    """-> {"machine", "versions", "commit"}"""
    return {"machine": machine(), "versions": versions(os.environ), "commit": os.environ.get("COMMIT") or "unknown"}


def machine(proc: Path = Path("/proc")) -> str:
    model = first(r"model name\s*:\s*(.+)", proc / "cpuinfo") or platform.machine()
    memory = int(first(r"MemTotal:\s*(\d+)", proc / "meminfo") or 0) / 2**20
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, Linux {platform.release()}"


def first(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text(errors="replace")) if path.exists() else None
    return found[1].strip() if found else ""


def versions(environ) -> dict[str, str]:
    """`VERSIONS` is what scripts/loadtest found out: name=version, separated by spaces."""
    told = dict(part.split("=", 1) for part in environ.get("VERSIONS", "").split() if "=" in part)
    return told | {"Python": platform.python_version(), "Locust": version("locust")}
