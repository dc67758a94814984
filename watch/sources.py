"""Where facts come from: one thread per source, each puts (time, fact) into one queue.

Streams where there are any (the engine's events, the edge's log), one small question a second elsewhere. What has to be
asked inside a container is asked by one process that stays there: starting one each second would cost more than the
rest of the view together.
"""

import http.client
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from loadtest.edge import Edge
from stack.engine import NET_PREFIX, PROJECT, SITE_HOST
from stack.servers import HAPROXIES, haproxy_stats

from . import parse
from .facts import Balanced, Listed, Probed
from .resident import Resident

OURS = ["--filter", f"label=com.docker.compose.project={PROJECT}"]
LIST = ["docker", "ps", "-a", "--no-trunc", *OURS, "--filter", "label=com.docker.compose.oneoff=False", "--format"]
LIST.append(
    '{{.ID}}|{{.Label "com.docker.compose.service"}}|{{.Label "com.docker.compose.container-number"}}'
    "|{{.State}}|{{.Status}}|{{.Networks}}"
)
KINDS = [part for kind in ("container", "network") for part in ("--filter", f"type={kind}")]
EVENTS = ["docker", "events", "--format", "{{json .}}", *KINDS]
EVENTS += [part for name in parse.EVENTS for part in ("--filter", f"event={name}")]
EDGE = f"{PROJECT}-nginx-1"
LIST_SECONDS = 10  # events tell what changes; the list is for what they missed, and for health
BALANCER_SECONDS = 0.5  # how exactly the time without a primary is measured
RESIDENT_SECONDS = 2
PROBE_SECONDS = 1
AGAIN_SECONDS = 1
ANSWERS_WITHIN = 5


class Sources:
    def __init__(self, probe: bool):
        self.began = time.time()  # before the first list: what happens while streams are being opened is not missed
        self.facts: SimpleQueue = SimpleQueue()
        self.ended = threading.Event()
        self.children: list[subprocess.Popen] = []
        self.names: dict[str, str] = {}  # container id -> node
        self.loops: list[Callable[[], None]] = [self.events, self.edge_log, self.database, self.sessions]
        self.loops += [self.listing, *(lambda name=name: self.balancer(name) for name in HAPROXIES)]
        self.loops += [self.probe] if probe else []

    def start(self) -> None:
        for loop in self.loops:
            threading.Thread(target=loop, daemon=True).start()

    def stop(self) -> None:
        self.ended.set()
        for child in list(self.children):
            child.kill()

    def put(self, fact, at: float | None = None) -> None:
        if fact is not None:
            self.facts.put((at or time.time(), fact))

    def every(self, seconds: float, ask: Callable[[], None]) -> None:
        """A question that takes longer than its turn is not made up for."""
        due = time.monotonic()
        while not self.ended.is_set():
            ask()
            due = max(due + seconds, time.monotonic())
            self.ended.wait(due - time.monotonic())

    # -- The engine --

    def lines(self, command: list[str]):
        """Each line that a command prints, both streams, until it ends."""
        child = subprocess.Popen(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.children.append(child)
        yield from child.stdout
        self.children.remove(child)
        child.wait()

    def follow(self, command: list[str], rest: list[str], take: Callable[[str], None]) -> None:
        """A stream from our beginning on, taken up again where it ended."""
        since = self.began

        def attach() -> None:
            nonlocal since
            for line in self.lines([*command, "--since", f"{since:.3f}", *rest]):
                take(line)
            since = time.time()

        self.every(AGAIN_SECONDS, attach)

    def listing(self) -> None:
        self.every(LIST_SECONDS, lambda: self.put(*list_containers(self.names)))

    def events(self) -> None:
        """What happens to the stack's containers. A network's event has only their id, so names are kept."""

        def change(line: str) -> None:
            if line.startswith("{"):
                self.put(parse.changed(line, PROJECT, self.names))

        self.follow(EVENTS, [], change)

    # -- The edge --

    def edge_log(self) -> None:
        """The log ends with its container; it is taken up again where it ended, as soon as there is one."""
        self.follow(["docker", "logs", "-f"], [EDGE], lambda line: self.put(parse.request(line)))

    def probe(self) -> None:
        """A page that the edge never caches, as somebody without a session."""
        edge = Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, "/certs/ca.crt")
        self.every(PROBE_SECONDS, lambda: self.put(Probed(probe_status(edge))))

    # -- The servers behind it --

    def balancer(self, name: str) -> None:
        self.every(BALANCER_SECONDS, lambda: self.put(ask_balancer(name)))

    def database(self) -> None:
        program = (Path(__file__).parent / "inside.py").read_text()
        asked = Resident([f"postgres-{n}" for n in (1, 2, 3)], ["python3", "-c", program], "}\n", self.children)
        self.ask_resident(asked, "\n", parse.database)

    def sessions(self) -> None:
        question = "sentinel get-master-addr-by-name main\nsentinel replicas main\nping\n"
        command = ["redis-cli", "-p", "26379"]
        asked = Resident([f"sentinel-{n}" for n in (1, 2, 3)], command, "PONG\n", self.children)
        self.ask_resident(asked, question, parse.sessions)

    def ask_resident(self, resident: Resident, question: str, read: Callable) -> None:
        def ask() -> None:
            text = resident.ask(question, ANSWERS_WITHIN)
            self.put(read(text) if text else None)

        self.every(RESIDENT_SECONDS, ask)


def list_containers(names: dict[str, str]) -> tuple[Listed, float]:
    """-> the list, and the moment it is true of."""
    at = time.time()
    try:
        done = subprocess.run(LIST, text=True, capture_output=True, timeout=10, check=True)
    except (subprocess.SubprocessError, OSError):
        return Listed(None), at
    states, found = parse.listed(done.stdout.splitlines())
    names.update(found)
    return Listed(states), at


def ask_balancer(name: str) -> Balanced:
    try:
        return parse.balanced(name, haproxy_stats(name))
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return Balanced(name, answered=False)


def probe_status(edge: Edge) -> int:
    try:
        return edge.request("GET", "/cart/", timeout=ANSWERS_WITHIN, headers={"User-Agent": "flotilla-watch"}).status
    except (OSError, http.client.HTTPException):
        return 0
