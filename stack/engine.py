"""The stack under test, through the engine: which containers there are, and what may be done to them."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = os.environ.get("COMPOSE_PROJECT_NAME", "flotilla")
NET_PREFIX = os.environ.get("NET_PREFIX", "10.77")
SITE_HOST = os.environ.get("SITE_HOST", "shop.localhost")
REPORTS = Path(os.environ.get("REPORTS_DIR", ROOT / "reports"))
SECRETS = Path(os.environ.get("SECRETS_DIR", ROOT / ".secrets"))
LABEL = '{{.Label "com.docker.compose.%s"}}'
COLUMNS = "|".join([LABEL % "service", LABEL % "container-number", "{{.ID}}", "{{.State}}", "{{.Names}}"])


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
    filters = [f"label=com.docker.compose.project={PROJECT}", "label=com.docker.compose.oneoff=False"]
    if service:
        filters.append(f"label=com.docker.compose.service={service}")
    arguments = [part for one in filters for part in ("--filter", one)]
    lines = docker("ps", *(["-a"] if stopped else []), *arguments, "--format", COLUMNS).splitlines()
    rows = (line.split("|") for line in lines)
    found = (Container(service, int(number), *rest) for service, number, *rest in rows)
    return sorted(found, key=lambda one: (one.service, one.number))


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


def client(code: str) -> str:
    """Run Python in a container beside, whose address no limit exempts (ours is exempt)."""
    image = f"{os.environ.get('IMAGE_PREFIX', 'flotilla')}/tools:{os.environ.get('TAG', 'local')}"
    volumes = ["-v", f"{PROJECT}_certs:/certs:ro", "-v", f"{ROOT}:{ROOT}:ro", "-w", str(ROOT)]
    return docker("run", "--rm", "--network", f"{PROJECT}_edge", *volumes, image, "python", "-c", code)
