"""What a container has used, read where the kernel keeps it (cgroup v1 and v2): no process is started to ask.

The host's cgroup folder is mounted at /host/cgroup (tools/run, the load test's service).
A container that is gone raises LookupError or OSError.
"""

import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path("/host/cgroup")


@cache
def folder(container: str, controller: str) -> Path:
    """The container's folder: docker/<id> with the cgroupfs driver, docker-<id>.scope with systemd's."""
    for base in (ROOT / controller, ROOT):
        for pattern in (f"docker/{container}", f"system.slice/docker-{container}.scope", f"*/docker-{container}.scope"):
            if found := next(base.glob(pattern), None):
                return found
    raise LookupError(f"no cgroup of container {container[:12]} below {ROOT}")


def cpu_seconds(container: str) -> float:
    """CPU time of all its processes since it started."""
    path = folder(container, "cpuacct")
    if (path / "cpuacct.usage").exists():
        return int((path / "cpuacct.usage").read_text()) / 1e9
    return fields(path / "cpu.stat")["usage_usec"] / 1e6


def memory_bytes(container: str) -> int:
    """Memory that could not be given back at once: usage without inactive file pages, as `docker stats` shows it."""
    path = folder(container, "memory")
    if (path / "memory.usage_in_bytes").exists():
        return int((path / "memory.usage_in_bytes").read_text()) - fields(path / "memory.stat")["total_inactive_file"]
    return int((path / "memory.current").read_text()) - fields(path / "memory.stat")["inactive_file"]


def throttling(container: str) -> tuple[int, int]:
    """How many periods (100 ms) its CPU limit has had, and in how many of them it was held back."""
    stat = fields(folder(container, "cpu") / "cpu.stat")
    return stat.get("nr_periods", 0), stat.get("nr_throttled", 0)


def out_of_memory_kills(container: str) -> int:
    """Processes that the kernel killed since it started because its memory limit was reached."""
    path = folder(container, "memory")
    old = path / "memory.oom_control"
    return fields(old if old.exists() else path / "memory.events").get("oom_kill", 0)


def cpu_limit(container: str) -> float | None:
    """Cores; None: no limit."""
    path = folder(container, "cpu")
    if (path / "cpu.cfs_quota_us").exists():
        quota, period = ((path / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    else:
        quota, period = (path / "cpu.max").read_text().split()
    return int(quota) / int(period) if quota.strip() not in ("-1", "max") else None


def memory_limit(container: str) -> int | None:
    """Bytes; None: no limit, which cgroup v1 writes as nearly 2**63."""
    path = folder(container, "memory")
    old = path / "memory.limit_in_bytes"
    text = (old if old.exists() else path / "memory.max").read_text().strip()
    return int(text) if text != "max" and int(text) < 1 << 60 else None


def fields(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}


class Meter:
    """CPU seconds that groups of containers use between start and stop."""

    def __init__(self, groups: dict[str, Iterable[str]]):
        self.groups = {name: list(containers) for name, containers in groups.items()}

    def read(self) -> dict[str, float]:
        return {name: sum(cpu_seconds(one) for one in containers) for name, containers in self.groups.items()}

    def __enter__(self) -> "Meter":
        self.before, self.began = self.read(), time.monotonic()
        return self

    def __exit__(self, *_) -> None:
        after = self.read()
        self.seconds = time.monotonic() - self.began
        self.used = {name: after[name] - self.before[name] for name in after}
