"""The stack under test, through the engine: which containers there are, and what may be done to them."""

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
PROJECT = os.environ.get("COMPOSE_PROJECT_NAME", "flotilla")
NET_PREFIX = os.environ.get("NET_PREFIX", "10.77")
SITE_HOST = os.environ.get("SITE_HOST", "shop.localhost")
REPORTS = Path(os.environ.get("REPORTS_DIR", ROOT / "reports"))
SECRETS = Path(os.environ.get("SECRETS_DIR", ROOT / ".secrets"))
SOCKET = "/var/run/docker.sock"
LABEL = "com.docker.compose"


@dataclass(frozen=True)
class Container:
    service: str
    number: int
    id: str
    state: str
    name: str


def run(*command, timeout=120, check=True, **options) -> subprocess.CompletedProcess:
    """A command; its output is text, and part of the failure when it fails.

    In a process group of its own: Ctrl-C is for us, who may have something to put back, and not for what we called.
    """
    options = {"cwd": ROOT, "text": True, "capture_output": True, "process_group": 0} | options
    done = subprocess.run(command, timeout=timeout, check=False, **options)
    if check and done.returncode:
        said = (done.stderr or done.stdout)[-1500:]
        raise AssertionError(f"{' '.join(command[:6])} ended with {done.returncode}: {said}")
    return done


def docker(*arguments, **options) -> str:
    return run("docker", *arguments, **options).stdout


def containers(service: str | None = None, *, stopped=False) -> list[Container]:
    """Containers of the stack in order of name; those of `docker compose run` are left out."""
    labels = [f"{LABEL}.project={PROJECT}", f"{LABEL}.oneoff=False"]
    if service:
        labels.append(f"{LABEL}.service={service}")
    query = urlencode({"all": int(stopped), "filters": json.dumps({"label": labels})})
    return sorted(map(listed, api(f"/containers/json?{query}")), key=lambda one: (one.service, one.number))


def listed(facts: dict) -> Container:
    labels, name = facts["Labels"], facts["Names"][0].lstrip("/")
    number = int(labels[f"{LABEL}.container-number"])
    return Container(labels[f"{LABEL}.service"], number, facts["Id"][:12], facts["State"], name)


class Local(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


class Absent(AssertionError):
    """The engine knows no such container or network."""


def post(path: str, body: dict | None = None):
    return api(path, body, method="POST")


def api(path: str, body: dict | None = None, *, method="GET", timeout=120):
    """Asks the engine over its socket, in JSON: a millisecond, where the client program costs 60 of CPU."""
    said = answer(path, body, method, timeout)
    return json.loads(said) if said else None


def text(path: str) -> str:
    """An answer that is no JSON: the log of a container with a terminal, say."""
    return answer(path, None, "GET", 120).decode(errors="replace")


def answer(path: str, body: dict | None, method: str, timeout: float) -> bytes:
    connection = Local("engine", timeout=timeout)
    try:
        content = json.dumps(body) if body is not None else None
        connection.request(method, path, content, {"Content-Type": "application/json"} if content else {})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status == 404:
            raise Absent(said[:300].decode())
        # 304: it is so already, running or stopped.
        assert answer.status in (200, 201, 204, 304), f"{method} {path}: {answer.status} {said[:300].decode()}"
        return said
    finally:
        connection.close()


def at_once(call: Callable, items: Sequence) -> list:
    """Of each item what the call gives, all in threads; of those that fail, the first is raised when all have ended."""
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as threads:
        ended = [threads.submit(call, item) for item in items]
    return [one.result() for one in ended]


def one(service: str) -> Container:
    """The first running container of a service."""
    running = containers(service)
    assert running, f"no container of {service} runs"
    return running[0]


def inside(service: str, *command, user: str | None = None, check=True, input=None) -> str:
    as_user = ["-u", user] if user else []
    return run("docker", "exec", "-i", *as_user, one(service).id, *command, check=check, input=input).stdout


def inspect(*ids: str) -> list[dict]:
    return json.loads(docker("inspect", *ids)) if ids else []


def logs(service: str, since: str = "10m") -> str:
    """What all containers of a service have logged lately, both streams."""
    parts = (run("docker", "logs", "--since", since, c.id) for c in containers(service, stopped=True))
    return "".join(part.stdout + part.stderr for part in parts)


def secret(name: str) -> str:
    return (SECRETS / name).read_text().strip()


def script(name: str, *arguments, timeout=300, **environment) -> str:
    """One of the project's own scripts, as make calls it."""
    done = run(str(ROOT / "scripts" / name), *arguments, timeout=timeout, env=os.environ | environment)
    return done.stdout + done.stderr


def question(name: str) -> str:
    """A question of scripts/lib/stack.sh, such as postgres_members; one place knows how to ask each server."""
    source = "".join(f". scripts/lib/{part}.sh; " for part in ("common", "stack"))
    return run("bash", "-c", f"{source} load_settings; {name}", timeout=60).stdout


def client(code: str, host: int | None = None) -> str:
    """Run Python in a container beside, whose address no limit exempts (ours is exempt).

    `host` is the end of an address that nobody else takes, so that no limit has counted it lately.
    """
    image = f"{os.environ.get('IMAGE_PREFIX', 'flotilla')}/tools:{os.environ.get('TAG', 'local')}"
    volumes = ["-v", f"{PROJECT}_certs:/certs:ro", "-v", f"{ROOT}:{ROOT}:ro", "-w", str(ROOT)]
    address = ["--ip", f"{NET_PREFIX}.0.{host}"] if host else []
    return docker("run", "--rm", "--network", f"{PROJECT}_edge", *address, *volumes, image, "python", "-c", code)
