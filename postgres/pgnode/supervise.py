"""PID 1's child in a Postgres container: check, render, repair, run Patroni, hand over before stopping."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import render
from .api import Api
from .handover import Handover
from .log import log
from .repair import etcd, repair

VOLUME = Path("/data")
RUN = Path("/run")


class Stop(Exception):
    """SIGTERM or SIGINT arrived."""


def on_signal(*_):
    raise Stop


def check_volume(volume):
    if not os.access(volume, os.W_OK | os.X_OK):
        uid = os.getuid()
        raise render.ConfigError(
            f"{volume} is not writable for uid {uid}; give the volume to it: chown -R {uid} <volume>"
        )


def write_config(environ, run=RUN):
    """Write patroni.yml into memory, readable by this user only."""
    (run / "postgresql").mkdir(exist_ok=True)
    folder = run / "patroni"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / "patroni.yml"
    target.touch(mode=0o600)
    target.write_text(render.patroni(environ))
    return target


def keep_running(command, pause=time.sleep):
    """Start a program beside Patroni, and start it anew when it ends. It ends with the container."""
    while True:
        try:
            ended = f"ended with {subprocess.call(command)}"
        except OSError as error:  # no process left, or no memory, for now
            ended = f"does not start ({error})"
        log(f"{command[-1]} {ended}, starting it again", "node")
        pause(1)


def run_patroni(config, hand_over):
    """Run Patroni until it ends or we are told to stop. -> exit code"""
    patroni = subprocess.Popen(["patroni", str(config)])
    try:
        return patroni.wait()
    except Stop:
        # A second signal must not interrupt the hand-over; Docker's SIGKILL is the limit.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        log(hand_over(), "node")
        patroni.terminate()
        patroni.wait()
        return 0


def main():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        check_volume(VOLUME)
        config = write_config(os.environ)
        prefix = render.net_prefix(os.environ)
        repaired = repair(VOLUME / "pg", lambda verb, body: etcd([f"{prefix}.4.7{n}" for n in (1, 2, 3)], verb, body))
        if repaired:
            log(repaired, "node")
        name = render.node_name(os.environ)
        render.required(os.environ, "EARLY_RELEASE", "[01]")
        threading.Thread(target=keep_running, args=([sys.executable, "-m", "lease"],), daemon=True).start()
        api = Api("127.0.0.1", render.secret("patroni_api"))
        return run_patroni(config, Handover(api, name).run)
    except render.ConfigError as error:
        log(f"cannot start: {error}", "node")
        return 78  # EX_CONFIG
    except Stop:
        return 0


if __name__ == "__main__":
    sys.exit(main())
