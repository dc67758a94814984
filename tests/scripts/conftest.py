"""The scripts in a clean environment with a pretended engine: no container, no network, no settings of this machine."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Answers what the scripts ask of the engine; each line it is called with is kept in $STUBS/calls.
DOCKER = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >>"$STUBS/calls"
case "$*" in
    "version "*Arch*) echo amd64 ;;
    "version "*) [[ -e $STUBS/engine ]] || exit 1; cat "$STUBS/engine" ;;
    "compose version"*) cat "$STUBS/compose" 2>/dev/null || exit 1 ;;
    "buildx version"*) [[ -e $STUBS/buildx ]] ;;
    "context inspect"*) echo unix:///var/run/docker.sock ;;
    *"config --services"*) cat "$STUBS/services" ;;
    "volume ls"*) cat "$STUBS/volumes" 2>/dev/null ;;
    "network ls"*) cut -d' ' -f2 "$STUBS/networks" 2>/dev/null ;;
    "network inspect"*) cat "$STUBS/networks" ;;
    "ps "*.Ports*) cat "$STUBS/publishes" 2>/dev/null ;;
    "ps "*working_dir*) cat "$STUBS/folders" 2>/dev/null ;;
    "ps "*) cat "$STUBS/containers" 2>/dev/null ;;
    "inspect "*) cat "$STUBS/facts" 2>/dev/null ;;
    *" logs "*) echo "last words of ${!#}" ;;
    *python3*) cat "$STUBS/members" 2>/dev/null ;;
    *redis-cli*) echo 10.77.3.41 ;;
    *Basic*) cat "$STUBS/balance" 2>/dev/null ;;
    *s_client*) cat "$STUBS/edge" 2>/dev/null ;;
    "info "*MemTotal*) echo 8000000000 ;;
    "info "*NCPU*) echo 4 ;;
    "info "*) echo /nonexistent ;;
esac
exit 0
"""


class Scripts:
    def __init__(self, folder: Path):
        self.stubs = folder / "stubs"
        self.secrets = folder / "secrets"
        self.state = folder / "state"
        self.stubs.mkdir()
        self.stub("docker", DOCKER)
        services = "web nginx postgres-1 postgres-2 redis-1"
        self.answer(engine="26.1.0\n", compose="2.26.1\n", buildx="", services=services.replace(" ", "\n") + "\n")

    def stub(self, name: str, text: str):
        path = self.stubs / name
        path.write_text(text)
        path.chmod(0o755)

    def answer(self, **files: str):
        """What the pretended engine says: engine, compose, volumes, networks, containers, publishes, folders."""
        for name, text in files.items():
            (self.stubs / name).write_text(text)

    def forget(self, *files: str):
        for name in files:
            (self.stubs / name).unlink()

    @property
    def calls(self) -> str:
        path = self.stubs / "calls"
        return path.read_text() if path.exists() else ""

    def bash(self, text: str, **env: str) -> subprocess.CompletedProcess:
        """A piece of bash with the same environment, in the repository's root."""
        return self._run(["bash", "-c", text], env)

    def __call__(self, script: str, *arguments: str, **env: str) -> subprocess.CompletedProcess:
        return self._run([str(ROOT / "scripts" / script), *arguments], env)

    def _run(self, command: list[str], env: dict) -> subprocess.CompletedProcess:
        base = {
            "PATH": f"{self.stubs}:{os.environ['PATH']}",
            "HOME": str(self.stubs),
            "STUBS": str(self.stubs),
            "ENV_FILE": "/dev/null",
            "SECRETS_DIR": str(self.secrets),
            "STATE_DIR": str(self.state),
        }
        return subprocess.run(
            command,
            cwd=ROOT,
            env=base | env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture
def scripts(tmp_path):
    return Scripts(tmp_path)


def one_sentence(done: subprocess.CompletedProcess, *parts: str, status: int = 1):
    """The script ended with `status` and exactly one error line, which has all parts."""
    assert done.returncode == status, done.stdout + done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    for part in parts:
        assert part in errors[0]
