import pytest

from drills.judge import ORDERS
from drills.tests.samples import result


@pytest.fixture(autouse=True)
def no_engine(monkeypatch, tmp_path):
    """No test here asks, let alone breaks, a stack that runs on this machine."""
    monkeypatch.setattr("stack.engine.SOCKET", str(tmp_path / "no-socket"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-socket")


@pytest.fixture
def old() -> dict:
    """A result from before there were orders, as it lies in a file: nothing about them anywhere."""
    made = result("web")
    del made["record"]["orders"]
    made["figures"] = {name: value for name, value in made["figures"].items() if not is_about_orders(name)}
    made["checks"] = [check for check in made["checks"] if not is_about_orders(check["name"])]
    return made


def is_about_orders(name: str) -> bool:
    return name.startswith("orders") or name in ORDERS
