"""The orders service's settings: the library's parts, assembled; below them, what only this service decides.

SERVICE=orders python manage.py check --deploy
"""

from flotilla import settings as parts
from flotilla.env import Env, Reader

FLOTILLA = Env.from_environ()

globals().update(parts.security(FLOTILLA))
globals().update(parts.static(FLOTILLA))
globals().update(parts.rest(FLOTILLA))
DATABASES = parts.databases(FLOTILLA)
DATABASE_ROUTERS = parts.routers()
CACHES = parts.caches(FLOTILLA)
LOGGING = parts.logging(FLOTILLA)
LOGGING_CONFIG = "logging.config.dictConfig"

INSTALLED_APPS = [
    "orders.apps.OrdersConfig",
    "flotilla.keys",
    "flotilla.jobs",
    "flotilla.bus",
    "drf_spectacular",  # manage.py spectacular --file orders/openapi.yaml
    "django.contrib.staticfiles",  # it has none; the image's recipe collects them for every service
]
MIDDLEWARE = parts.api_middleware()
ROOT_URLCONF = "orders.urls"
WSGI_APPLICATION = "orders.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
# Only the gateway and other services come here: headers for browsers, HTTPS and its redirect belong to the edge.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003", "security.W004", "security.W008"]

# Far more than an answer about stock takes, also across a failover; and not longer than a customer waits.
ORDER_ANSWER_SECONDS = Reader().seconds("ORDER_ANSWER_SECONDS", 60.0)
