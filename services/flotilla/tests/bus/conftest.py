"""A service named `products` with nothing but the bus, no broker, and neither handlers nor periodic work yet."""

import pytest

from flotilla.bus import handlers, periodic
from flotilla.env import Env
from flotilla.tests.bus.making import FakeBroker


@pytest.fixture(autouse=True)
def plain(settings, monkeypatch):
    settings.FLOTILLA = Env(service="products", replica="products-1", write_hold_seconds=0.2)
    monkeypatch.setattr(handlers, "_handlers", {})
    monkeypatch.setattr(periodic, "_jobs", {})


@pytest.fixture
def broker():
    return FakeBroker()
