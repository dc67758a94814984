"""What each part of the stack used, once a second while a load test runs.

`Sampler.record()` is the report's "containers":

    {"limits": {name: {"cpu": cores or None, "memory": bytes or None}},
     "samples": [{"t": s since zero, "host": share of all cores, "steal": share, "generator": cores,
                  "containers": {name: [cores, bytes, share of periods held back] or None when it was gone},
                  "pools": {"haproxy-1 web_safe": [queued, slots used, slots or None]}}],
     "oom_kills": {name: processes killed for memory during the run}, "cores": of the host, "missed": what was not read}

Containers come from a file with lines `<full id> <name>`. Reading some thirty files and two balancers' answers takes
tens of milliseconds, in which no request would start: so beside a load it is a process of its own, `Aside`.

    python -m loadtest.sampler FILE PREFIX PASSWORD    says "ready", begins at a line on stdin, the load's zero, and
                                                       prints the record at the end of stdin
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from . import cgroups

PASSWORD = Path("/run/secrets/haproxy_stats")
READY = "ready\n"
COLUMNS = 18  # of the CSV, the status the last: those after it are quoted, and parsing them all would hold up the load
GONE = (OSError, LookupError, ValueError)  # the files of a container that stops go one by one
Pools = dict[str, list[int | None]]


def listed(path: Path) -> dict[str, str]:
    """Name -> full id, from lines `<full id> <name>`; names as compose makes them are shortened."""
    pairs = dict(line.split(None, 1) for line in path.read_text().splitlines() if line.strip())
    return dict(zip(short([name.strip() for name in pairs.values()]), pairs, strict=True))


def short(names: list[str]) -> list[str]:
    """Without what all begin with, and without the number of a service that has one container only."""
    heads = [name.split("-") for name in names]
    shared = len(os.path.commonprefix(heads))  # noqa: RUF071 - of lists: whole words, not letters
    if all(len(head) > shared + 1 or not head[-1].isdigit() for head in heads):
        names = ["-".join(head[shared:]) for head in heads]
    services = Counter(name.rpartition("-")[0] for name in names)
    return [name[:-2] if name.endswith("-1") and services[name[:-2]] == 1 else name for name in names]


# -- HAProxy -----------------------------------------------------------------------------------------------------------


def balancers(prefix: str) -> dict[str, str]:
    return {f"haproxy-{n}": f"http://{prefix}.0.2{n}:8404/;csv" for n in (1, 2)}


def fetch(url: str, password: str, timeout: float = 0.8) -> str:
    basic = b64encode(f"admin:{password}".encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read().decode()


def pools(balancer: str, text: str) -> Pools:
    """Of each pool in HAProxy's CSV: requests queued, slots used, slots of the servers that are up (None: no bound)."""
    header, *lines = text.removeprefix("# ").splitlines()
    names = header.split(",", COLUMNS)[:COLUMNS]
    rows = [dict(zip(names, line.split(",", COLUMNS), strict=False)) for line in lines if line]
    found: Pools = {}
    bounds: dict[str, int] = {}
    for row in rows:  # a pool's own row comes after its servers'
        pool = f"{balancer} {row['pxname']}"
        if row["svname"] == "BACKEND":
            found[pool] = [int(row["qcur"] or 0), int(row["scur"] or 0), bounds.get(pool)]
        elif row["status"].startswith("UP") and row["slim"]:
            bounds[pool] = bounds.get(pool, 0) + int(row["slim"])
    return found


# -- The machine -------------------------------------------------------------------------------------------------------


def host_times(stat: Path = Path("/proc/stat")) -> tuple[int, int, int]:
    """Ticks of all cores since boot: all, busy, stolen by other guests of the machine below."""
    user, nice, system, idle, waiting, irq, soft, steal = map(int, stat.read_text().split("\n", 1)[0].split()[1:9])
    busy = user + nice + system + irq + soft + steal
    return busy + idle + waiting, busy, steal


def process_seconds(pid: int) -> float:
    """CPU time that a process has used so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def usage(container: str) -> tuple[float, int, int, int]:
    return cgroups.cpu_seconds(container), cgroups.memory_bytes(container), *cgroups.throttling(container)


def between(before: tuple, after: tuple, seconds: float) -> list[float]:
    """[cores, bytes, share of the periods in which the limit held it back]; a restart begins its counters anew."""
    cpu = after[0] - before[0] if after[0] >= before[0] else after[0]
    periods, held = (max(0, later - earlier) for later, earlier in zip(after[2:], before[2:], strict=True))
    return [round(cpu / seconds, 4), after[1], round(held / periods, 3) if periods else 0.0]


class Sampler:
    """`start(zero)` when the load starts, `stop()` when it has ended. `ask`: name of a balancer -> its CSV."""

    def __init__(self, containers: dict[str, str], ask: dict[str, Callable[[], str]] | None = None, every: float = 1.0,
                 generator: int | None = None):  # fmt: skip
        self.containers, self.ask, self.every = containers, ask or {}, every
        self.generator = generator or os.getpid()
        self.samples: list[dict] = []
        self.missed: dict[str, int] = {}
        self._over = threading.Event()

    @classmethod
    def of_stack(cls, containers: Path, prefix: str, password: Path = PASSWORD, **options) -> "Sampler":
        secret = password.read_text().strip()
        asks = {name: (lambda url=url: fetch(url, secret)) for name, url in balancers(prefix).items()}
        return cls(listed(containers), asks, **options)

    def start(self, zero: float | None = None) -> "Sampler":
        self._zero = time.monotonic() if zero is None else zero
        self._limits, self._kills = self._each(limits_of), self._each(cgroups.out_of_memory_kills)
        self._last = self._read()
        self._thread = threading.Thread(target=self._sample, name="sampler", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> "Sampler":
        self._over.set()
        self._thread.join()
        return self

    def record(self) -> dict:
        kills = self._each(cgroups.out_of_memory_kills)
        counted = {name: count - (self._kills.get(name) or 0) for name, count in kills.items() if count is not None}
        killed = {name: count for name, count in counted.items() if count > 0}
        return {"limits": {name: limit for name, limit in self._limits.items() if limit}, "samples": self.samples,
                "oom_kills": killed, "cores": os.cpu_count(), "missed": self.missed}  # fmt: skip

    def _sample(self) -> None:
        due = time.monotonic() + self.every
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self.samples.append(self._row())
            due = max(due + self.every, time.monotonic())  # a late one is not made up for

    def _each(self, read: Callable) -> dict:
        """Name -> what `read` gives of the container; None of one that is gone."""
        found = {}
        for name, container in self.containers.items():
            try:
                found[name] = read(container)
            except GONE:
                found[name] = None
        return found

    def _read(self) -> tuple:
        return time.monotonic(), host_times(), process_seconds(self.generator), self._each(usage)

    def _row(self) -> dict:
        (was, host, own, before), (now, host_now, own_now, after) = self._last, self._read()
        self._last = now, host_now, own_now, after
        ticks, busy, steal = (later - earlier for later, earlier in zip(host_now, host, strict=True))
        pairs = ((name, before[name], after[name]) for name in after)
        return {
            "t": round(now - self._zero, 2),
            "host": round(busy / max(ticks, 1), 4),
            "steal": round(steal / max(ticks, 1), 4),
            "generator": round((own_now - own) / (now - was), 4),
            "containers": {name: between(a, b, now - was) if a and b else None for name, a, b in pairs},
            "pools": self._pools(),
        }

    def _pools(self) -> Pools:
        found: Pools = {}
        for name, ask in self.ask.items():
            try:
                found |= pools(name, ask())
            except (OSError, ValueError, KeyError):  # a killed balancer is what a drill is about
                self.missed[name] = self.missed.get(name, 0) + 1
        return found


NOISE = 0.05  # share of the cores that a host may take from its guest before that is worth a word


def stolen(record: dict) -> str:
    """What the host below took from this machine, in words; empty when it was little."""
    most = max((sample["steal"] for sample in record["samples"]), default=0.0)
    return f", while other guests of its host took up to {most:.0%} of this machine's cores" if most > NOISE else ""


def limits_of(container: str) -> dict:
    return {"cpu": cgroups.cpu_limit(container), "memory": cgroups.memory_limit(container)}


# -- A process of its own ----------------------------------------------------------------------------------------------


class Broken(Exception):
    """The sampler's process does not begin, or broke off; why is on stderr."""


class Aside:
    """The sampler of the stack beside this process. Made before the load, so that its own start disturbs nobody."""

    def __init__(self, containers: Path, prefix: str, password: Path = PASSWORD):
        command = [sys.executable, "-m", "loadtest.sampler", str(containers), prefix, str(password)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._process.stdout.readline() != READY:
            raise Broken(f"the sampler does not begin: it ended with {self._process.wait()}")

    def start(self, zero: float) -> "Aside":
        self._process.stdin.write(f"{zero}\n")
        self._process.stdin.flush()
        return self

    def record(self) -> dict:
        """Ends it. Broken when it is not whole: a report without these figures would look like an idle stack."""
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise Broken(f"the sampler broke off: it ended with {self._process.returncode}")
        return json.loads(said)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole container; the load says when it is over
    containers, prefix, password = sys.argv[1:]
    sampler = Sampler.of_stack(Path(containers), prefix, Path(password), generator=os.getppid())
    sys.stdout.write(READY)
    sys.stdout.flush()
    zero = sys.stdin.readline()
    if not zero:
        return  # no load came
    sampler.start(float(zero))
    sys.stdin.read()
    json.dump(sampler.stop().record(), sys.stdout)


if __name__ == "__main__":
    main()
