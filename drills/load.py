"""The clients: an open-loop load in a container of its own, whose ledger is on the disk before it goes on."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path

from stack.engine import PROJECT, REPORTS, ROOT, docker, run

from drills.lock import Refused

NAME = f"{PROJECT}-drill-load"
READY = 120  # seconds to log ten people in on a busy machine
DRAIN = 75  # a request may take 60 s
LONGEST = 900  # seconds: a load whose drill was killed ends by itself


class Load:
    def __init__(self, out: Path, rate: float, write_share: float, orders: float):
        self.out, self.rate, self.write_share, self.orders = out, rate, write_share, orders
        self._process: subprocess.Popen | None = None
        self._ended = False
        self._lines: queue.Queue[dict | None] = queue.Queue()

    def start(self) -> float:
        """-> the load's zero, as time.monotonic() has it in every container of this machine."""
        self.out.mkdir(parents=True)
        with (self.out / "load.log").open("w") as errors:
            self._process = subprocess.Popen(
                self._command(), cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                process_group=0,
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        try:
            return self._await("started", READY)["monotonic"]
        except AssertionError as error:
            raise Refused(f"{error}. `make status` shows the stack.") from None

    def end(self) -> None:
        """Nothing more is started; what is in flight may end. Once is enough."""
        if self._ended:
            return
        self._ended = True
        run("docker", "kill", "--signal", "TERM", NAME, check=False)
        self._await("ended", DRAIN)
        self._process.wait(DRAIN)

    def close(self) -> None:
        """Whatever it is doing: over, and nothing of it is left."""
        if self._process:
            self._process.kill()
            self._process.wait()
        remove()

    @property
    def client(self) -> dict:
        """What it says of itself: its name in the markers, its policy."""
        return json.loads((self.out / "client.json").read_text(encoding="utf-8"))

    def _command(self) -> list[str]:
        inside = Path("/reports") / self.out.relative_to(REPORTS)
        compose = ["docker", "compose", "-p", PROJECT, "-f", str(ROOT / "docker-compose.yml")]
        options = ["--rm", "--no-deps", "-T", "--name", NAME, "--user", f"{os.getuid()}:{os.getgid()}"]
        drill = ["--rate", f"{self.rate:g}", "--write-share", f"{self.write_share:g}"]
        drill += ["--orders", f"{self.orders:g}", "--out", str(inside), "--seconds", str(LONGEST)]
        return [*compose, "run", *options, "loadtest", "python", "-m", "loadtest.drill", *drill]

    def _read(self) -> None:
        for line in self._process.stdout:
            if line.startswith("{"):
                self._lines.put(json.loads(line))
        self._lines.put(None)

    def _await(self, event: str, seconds: float) -> dict:
        """An AssertionError with the generator's own last line when it ends first."""
        while True:
            try:
                said = self._lines.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"the load generator did not say '{event}' within {seconds:g} s") from None
            assert said, f"the load generator ended before its time: {self._last_words()}"
            if said.get("event") == event:
                return said

    def _last_words(self) -> str:
        lines = (self.out / "load.log").read_text().strip().splitlines()
        return lines[-1][:300] if lines else "without a word"


def remove() -> bool:
    """Takes away the load of this drill, or of one that was killed -> whether there was one."""
    there = bool(docker("ps", "-aq", "--filter", f"name=^{NAME}$").strip())
    if there:
        run("docker", "rm", "--force", NAME, check=False)
    return there
