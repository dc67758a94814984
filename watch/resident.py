"""One process that stays in a container and answers each question put to its input: none is started per question."""

import os
import select
import subprocess
import time

from stack.engine import PROJECT


class Resident:
    """Every answer ends in `ends`. A container that gives none is left for the next one.

    `children` are killed at the end; the process in the container ends with its input, so that is enough.
    """

    def __init__(self, services: list[str], command: list[str], ends: str, children: list[subprocess.Popen]):
        self.services, self.command, self.ends, self.children = services, command, ends, children
        self.child: subprocess.Popen | None = None

    def ask(self, question: str, timeout: float) -> str | None:
        """The answer with its end cut off the line it is on, or None when this container gives none."""
        child = self.child or self.enter()
        try:
            child.stdin.write(question.encode())
            child.stdin.flush()
            answer = self.read(child, time.monotonic() + timeout)
        except OSError:
            answer = None
        if answer is None:
            self.leave()
        return answer

    def enter(self) -> subprocess.Popen:
        container = f"{PROJECT}-{self.services[0]}-1"
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.child = subprocess.Popen(["docker", "exec", "-i", container, *self.command], **streams)
        self.children.append(self.child)
        return self.child

    def leave(self) -> None:
        """The next question goes to the next container."""
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        self.children.remove(self.child)
        self.child = None
        self.services = [*self.services[1:], self.services[0]]

    def read(self, child: subprocess.Popen, until: float) -> str | None:
        text = b""
        while not text.endswith(self.ends.encode()):
            if not select.select([child.stdout], [], [], max(0, until - time.monotonic()))[0]:
                return None
            part = os.read(child.stdout.fileno(), 65536)
            if not part:
                return None
            text += part
        return text.decode(errors="replace")
