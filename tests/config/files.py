"""The configuration as the stack itself would read it: compose's own rendering, settings as the shell sees them."""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def compose(**settings) -> dict:
    """docker-compose.yml with every profile, rendered with the defaults, and with `settings` on top."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = ["docker", "compose", "--env-file", "/dev/null", "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, env=bare | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def services() -> dict[str, dict]:
    return compose()["services"]


def environment(service: str) -> dict[str, str]:
    return services()[service].get("environment") or {}


@cache
def shell_settings(path: str) -> dict[str, str]:
    """What a settings.sh leaves in the environment when nothing is set: its defaults."""
    script = f"set -a; . {ROOT / path}; env -0"
    done = subprocess.run(["bash", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if "=" in line)


UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "": 1}


def seconds(text) -> float:
    """'500ms', '1m30s', '45s', 30 -> seconds."""
    parts = re.findall(r"([0-9.]+)\s*(ms|min|s|m|h|)", str(text))
    assert parts, f"not a duration: {text!r}"
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def ini(path: str) -> dict[str, str]:
    """`name = value` lines of a PgBouncer file."""
    return dict(re.findall(r"^(\w+)\s*=\s*(.*?)\s*$", (ROOT / path).read_text(), re.MULTILINE))


def python_settings(path: str) -> dict:
    """The module-level names of a gunicorn configuration file."""
    namespace = {"__file__": str(ROOT / path)}
    exec(compile((ROOT / path).read_text(), path, "exec"), namespace)
    return namespace


def tracked() -> list[Path]:
    """Every file under version control."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]
