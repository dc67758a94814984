"""A service named `products` that is an API and knows one key."""

import pytest

from flotilla.api.settings import rest
from flotilla.env import Env
from flotilla.tests.api.making import KEYS


@pytest.fixture(autouse=True)
def plain(settings, monkeypatch):
    settings.FLOTILLA = Env(service="products", replica="products-1", identity_keys=KEYS)
    settings.DEBUG = False
    for name, value in rest(settings.FLOTILLA).items():
        setattr(settings, name, value)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
