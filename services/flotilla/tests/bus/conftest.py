"""A service named `products` with nothing but the bus, no broker, and neither handlers nor periodic work yet."""

import pytest

from flotilla.bus import handlers, periodic
from flotilla.env import Env
from flotilla.events import contracts as c
from flotilla.events.routes import QUEUES
from flotilla.tests.bus.making import FakeBroker


@pytest.fixture(autouse=True)
def plain(settings, monkeypatch):
    settings.FLOTILLA = Env(service="products", replica="products-1", write_hold_seconds=0.2)
    monkeypatch.setattr(handlers, "_handlers", {})
    monkeypatch.setattr(periodic, "_jobs", {})
    for cls in QUEUES:
        if issubclass(cls, c.OrderEvent):  # two queues for each, whatever the services listen to
            monkeypatch.setitem(QUEUES, cls, ("web", "products"))


@pytest.fixture
def broker():
    return FakeBroker()
