"""An engine of paper: containers with a state and networks, changed by the commands that drills give."""

import json
from subprocess import CompletedProcess

from stack.engine import Container


class Engine:
    def __init__(self, *names: str, networks=("stack_app", "stack_db")):
        self.facts = {name: facts(name, networks) for name in names}
        self.commands: list[tuple[str, ...]] = []
        self.taken: set[str] = set()  # addresses that another container has by now

    def containers(self, *_, **__) -> list[Container]:
        return [Container(f["service"], f["number"], name, self.state(name), name) for name, f in self.facts.items()]

    def state(self, name: str) -> str:
        state = self.facts[name]["State"]
        return "paused" if state["Paused"] else "running" if state["Running"] else "exited"

    def inspect(self, *names: str) -> list[dict]:
        return [json.loads(json.dumps(self.facts[name])) for name in names]

    def docker(self, *command: str, **_) -> str:
        return self.run("docker", *command).stdout

    def run(self, *command: str, check=True, **_) -> CompletedProcess:
        self.commands.append(command[1:])
        verb, *rest = command[1:]
        answer = getattr(self, f"do_{verb}")(*rest)
        status = 1 if answer is None else 0
        assert not (check and status), f"{command} failed"
        return CompletedProcess(command, status, answer or "", "")

    def do_inspect(self, *words: str) -> str | None:
        name = words[-1]
        if name not in self.facts:
            return None
        if words[0] == "-f":
            return " ".join(self.facts[name]["NetworkSettings"]["Networks"])
        return json.dumps([self.facts[name]])

    def do_network(self, verb: str, *words: str) -> str | None:
        if verb == "disconnect":
            self.facts[words[1]]["NetworkSettings"]["Networks"].pop(words[0])
            return ""
        options = dict(zip(words[:-2:2], words[1:-2:2], strict=True))
        if options.get("--ip") in self.taken:
            return None
        aliases = [value for key, value in zip(words[:-2:2], words[1:-2:2], strict=True) if key == "--alias"]
        network, name = words[-2:]
        address = {"IPAddress": options.get("--ip", "10.0.0.99"), "IPAMConfig": None, "Aliases": aliases, "Links": None}
        self.facts[name]["NetworkSettings"]["Networks"][network] = address
        return ""

    def _set(self, names, **state) -> str:
        for name in names:
            self.facts[name]["State"].update(state)
        return ""

    def do_kill(self, *names: str) -> str:
        return self._set(names, Running=False)

    do_stop = do_kill

    def do_start(self, *names: str) -> str:
        return self._set(names, Running=True)

    def do_restart(self, *names: str) -> str:
        return self._set(names, Running=True)

    def do_pause(self, *names: str) -> str:
        return self._set(names, Paused=True)

    def do_unpause(self, *names: str) -> str:
        return self._set(names, Paused=False)


def facts(name: str, networks) -> dict:
    """As `docker inspect` has them: here the id is the name, and the engine's own alias its first twelve letters."""
    service, _, number = name.rpartition(".")
    endpoints = {
        network: {
            "IPAddress": f"10.0.{place}.5",
            "IPAMConfig": {"IPv4Address": f"10.0.{place}.5"} if place == 0 else None,
            "Aliases": [name, service, name[:12]],
            "Links": None,
        }
        for place, network in enumerate(networks)
    }
    return {
        "Id": name, "Name": f"/{name}", "service": service, "number": int(number or 1),
        "State": {"Running": True, "Paused": False}, "NetworkSettings": {"Networks": endpoints},
    }  # fmt: skip
