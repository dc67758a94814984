"""Where measurements are put, and how one is stated: a small JSON file each, with the machine's name."""

import json
import os
import platform
import statistics
from pathlib import Path

from stack.engine import ROOT, containers, docker, inspect

RESULTS = Path(os.environ.get("REPORTS_DIR", ROOT / "reports")) / "bench"


def full_ids(service: str | None = None) -> dict[str, list[str]]:
    """Service -> full ids of its running containers."""
    found: dict[str, list[str]] = {}
    running = containers(service)
    for container, details in zip(running, inspect(*[c.id for c in running]), strict=True):
        found.setdefault(container.service, []).append(details["Id"])
    return found


def save(name: str, result: dict) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def load(name: str) -> dict | None:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def machine() -> str:
    """Processor, cores, memory, kernel, engine: one line."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    engine = docker("version", "--format", "{{.Server.Version}}").strip()
    name = model or platform.machine()
    return (
        f"{os.cpu_count()} cores of {name}, {memory:.0f} GB, Linux {platform.release().split('-')[0]}, Docker {engine}"
    )


def spread(values: list[float]) -> str:
    """Median and range, as the page states it."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}, n = {len(values)})"
