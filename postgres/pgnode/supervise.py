"""PID 1's child in a Postgres container: check, render, repair, await room, run Patroni, hand over before stopping."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from lease.etcd import members as store
from room import others, postmaster, volume, waiting
from room.watch import Watch

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


def run_patroni(config, hand_over, over=lambda patroni: None):
    """Run Patroni, and `over` it a thread, until it ends or we are told to stop. -> exit code"""
    patroni = subprocess.Popen(["patroni", str(config)])
    threading.Thread(target=over, args=(patroni,), daemon=True).start()
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


def run_with_room(config, hand_over, watch, clear):
    """Run Patroni, and again when `watch` has ended it, as soon as there is room. -> exit code"""
    while True:
        clear()
        waiting.wait(watch.volume)
        code = run_patroni(config, hand_over, watch.over)
        if not watch.stepped_down:
            return code
        log("Patroni is ended, " + ("and Postgres" if postmaster.end() else "Postgres does not end"), "node")


def clear_away(prefix):
    """What cannot be used may be what takes the room."""
    repaired = repair(VOLUME / "pg", lambda verb, body: etcd([f"{prefix}.4.7{n}" for n in (1, 2, 3)], verb, body))
    if repaired:
        log(repaired, "node")


def give_back(hand_over):
    """Postgres first, so that no checkpoint at its end is waited for. Its Patroni then gives its lease away."""
    postmaster.end()
    log(hand_over(), "node")


def work(environ):
    """-> exit code"""
    check_volume(VOLUME)
    config, disk = write_config(environ), volume.of_node(environ, VOLUME)
    name, prefix = render.node_name(environ), render.net_prefix(environ)
    early, steps_down = (render.required(environ, key, "[01]") == "1" for key in ("EARLY_RELEASE", "ROOM_STEP_DOWN"))
    if not steps_down:
        disk.needed = 0  # then there is always room
    api = Api("127.0.0.1", render.secret("patroni_api"))
    threading.Thread(target=keep_running, args=([sys.executable, "-m", "lease"],), daemon=True).start()

    def hand_over():
        return Handover(api, name).run()

    # A leader that falls silent is replaced in seconds; without the early release that would take its whole lease.
    before = (lambda: None) if early else (lambda: give_back(hand_over))
    watch = Watch(name, disk, store(prefix), others.free, before)
    return run_with_room(config, hand_over, watch, lambda: clear_away(prefix))


def main():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        return work(os.environ)
    except render.ConfigError as error:
        log(f"cannot start: {error}", "node")
        return 78  # EX_CONFIG
    except Stop:
        return 0


if __name__ == "__main__":
    sys.exit(main())
