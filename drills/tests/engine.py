"""An engine of paper: containers with a state and networks, changed by the calls that drills make."""

import json

from stack.engine import Absent, Container


class Engine:
    def __init__(self, *names: str, networks=("stack_app", "stack_db")):
        self.facts = {name: facts(name, networks) for name in names}
        self.calls: list[tuple[str, dict | None]] = []
        self.taken: set[str] = set()  # addresses that another container has by now

    def containers(self, *_, **__) -> list[Container]:
        return [Container(f["service"], f["number"], name, self.state(name), name) for name, f in self.facts.items()]

    def state(self, name: str) -> str:
        state = self.facts[name]["State"]
        return "paused" if state["Paused"] else "running" if state["Running"] else "exited"

    def api(self, path: str) -> dict:
        name = path.split("/")[2]
        if name not in self.facts:
            raise Absent(f"No such container: {name}")
        return json.loads(json.dumps(self.facts[name]))

    def post(self, path: str, body: dict | None = None) -> None:
        self.calls.append((path, body))
        _, kind, name, verb = path.split("/")
        if kind == "networks":
            getattr(self, verb)(name, body["Container"], body.get("EndpointConfig"))
        else:
            self.facts[name]["State"].update(AFTER[verb])

    def disconnect(self, network: str, name: str, _) -> None:
        self.facts[name]["NetworkSettings"]["Networks"].pop(network)

    def connect(self, network: str, name: str, endpoint: dict) -> None:
        address = endpoint.get("IPAMConfig", {}).get("IPv4Address", "10.0.0.99")
        assert address not in self.taken, "Address already in use"
        self.facts[name]["NetworkSettings"]["Networks"][network] = endpoint | {"IPAddress": address}


AFTER = {
    "kill": {"Running": False}, "stop": {"Running": False}, "start": {"Running": True}, "restart": {"Running": True},
    "pause": {"Paused": True}, "unpause": {"Paused": False},
}  # fmt: skip


def facts(name: str, networks) -> dict:
    """As the engine has them: here the id is the name, and the engine's own alias its first twelve letters."""
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
