import importlib
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]


@pytest.fixture
def postgres(tmp_path, monkeypatch):
    """A standby, as far as `lease.server` asks; psycopg2 and a server are in the stack's image only."""
    fake = importlib.import_module("lease_postgres").Postgres(tmp_path)
    monkeypatch.setitem(sys.modules, "psycopg2", fake)
    monkeypatch.setitem(sys.modules, "psycopg2.extras", fake)
    monkeypatch.delitem(sys.modules, "lease.server", raising=False)
    return fake


@pytest.fixture
def world():
    return importlib.import_module("lease_world").World()
