"""The gateway's settings: the library's parts, assembled; below them, what only the gateway decides.

SERVICE=gateway python manage.py check --deploy
"""

from pathlib import Path

import drf_spectacular_sidecar

from flotilla import settings as parts
from flotilla.env import Env, Reader

FLOTILLA = Env.from_environ()

globals().update(parts.security(FLOTILLA))
globals().update(parts.static(FLOTILLA))
globals().update(parts.rest(FLOTILLA))
DATABASES = {}  # it keeps nothing
CACHES = parts.caches(FLOTILLA)
LOGGING = parts.logging(FLOTILLA)
LOGGING_CONFIG = "logging.config.dictConfig"

INSTALLED_APPS = ["gateway.apps.GatewayConfig", "django.contrib.staticfiles"]
MIDDLEWARE = parts.proxy_middleware()
# What the page of the API's documents needs comes from here, and not from the edge, which has the shop's files only.
_common = MIDDLEWARE.index("django.middleware.common.CommonMiddleware")
MIDDLEWARE.insert(_common, "whitenoise.middleware.WhiteNoiseMiddleware")
STATIC_URL = "/api/static/"
STATICFILES_DIRS = [
    ("swagger-ui", Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist")
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF = "gateway.urls"
WSGI_APPLICATION = "gateway.wsgi.application"

# Clients name the site, the shop names the service.
ALLOWED_HOSTS = [FLOTILLA.service, FLOTILLA.site_host, "localhost", "127.0.0.1"]
# Nothing here is run again: Django itself answers 500, by the handler of the URLs.
DEBUG_PROPAGATE_EXCEPTIONS = False

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
# Headers for browsers, HTTPS and its redirect belong to the edge; nothing is signed with the secret key.
SILENCED_SYSTEM_CHECKS = [f"security.W00{number}" for number in (1, 2, 3, 4, 8, 9)]

_reader = Reader()
# A page of a list takes a fraction of a second, and asks no primary; half of it is one try. HAProxy waits 10 s.
GATEWAY_SAFE_SECONDS = _reader.seconds("GATEWAY_SAFE_SECONDS", 9.0)
# A write may be held for 30 s at the service; the gateway's own caller waits 40.
GATEWAY_UNSAFE_SECONDS = _reader.seconds("GATEWAY_UNSAFE_SECONDS", 35.0)
GATEWAY_BODY_BYTES = _reader.integer("GATEWAY_BODY_BYTES", 1024 * 1024)
# Calls under way to one service: below the slots that the balancers give a replica, so that a slow one leaves some.
GATEWAY_SAFE_AT_ONCE = _reader.integer("GATEWAY_SAFE_AT_ONCE", 24)
GATEWAY_UNSAFE_AT_ONCE = _reader.integer("GATEWAY_UNSAFE_AT_ONCE", 96)
GATEWAY_RETRY_PERCENT = _reader.integer("GATEWAY_RETRY_PERCENT", 20)
GATEWAY_BREAKER_SECONDS = _reader.seconds("GATEWAY_BREAKER_SECONDS", 2.0)
