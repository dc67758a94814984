import pytest


@pytest.fixture(autouse=True)
def no_engine(monkeypatch, tmp_path):
    """No test here asks, let alone breaks, a stack that runs on this machine."""
    monkeypatch.setattr("stack.engine.SOCKET", str(tmp_path / "no-socket"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-socket")
