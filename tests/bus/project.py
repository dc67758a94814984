"""Two small services for the tests of the bus, `orders` and `products`: SERVICE says which one a process is."""

import os

from flotilla import settings as parts
from flotilla.env import Env

FLOTILLA = Env.from_environ()
SECRET_KEY = "only-for-tests"
DATABASES = parts.databases(FLOTILLA)
DATABASE_ROUTERS = parts.routers()
CACHES = parts.caches(FLOTILLA)
LOGGING = parts.logging(FLOTILLA)
INSTALLED_APPS = ["flotilla.bus", "tests.bus.shop"]
USE_TZ = True

# What a handler does, by the environment of its process.
HANDLER_SECONDS = float(os.environ.get("HANDLER_SECONDS", "0"))
FAIL = os.environ.get("FAIL", "")
