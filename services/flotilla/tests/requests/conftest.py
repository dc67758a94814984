"""Settings of a service with nothing but the library."""

import pytest

from flotilla.env import Env


@pytest.fixture(autouse=True)
def plain(settings, monkeypatch):
    settings.FLOTILLA = Env(replica="web-1", trusted_proxies=("127.0.0.1",))
    settings.DEBUG = False
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    settings.ROOT_URLCONF = "flotilla.keys.urls"
    monkeypatch.setattr("time.sleep", lambda seconds: None)
