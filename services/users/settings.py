"""The users service's settings: the library's parts, assembled; below them, what only this service decides.

SERVICE=users python manage.py check --deploy
"""

from dataclasses import replace

from flotilla import settings as parts
from flotilla.api import tokens
from flotilla.env import Env, Reader

FLOTILLA = Env.from_environ()
# Three databases also where none is named: files beside the first one then.
FLOTILLA = replace(FLOTILLA, database_shards=FLOTILLA.database_shards or ("users_1.sqlite3", "users_2.sqlite3"))

globals().update(parts.security(FLOTILLA))
globals().update(parts.static(FLOTILLA))
globals().update(parts.rest(FLOTILLA))
DATABASES = parts.databases(FLOTILLA)
DATABASE_ROUTERS = ["flotilla.sharding.router.ShardRouter", *parts.routers()]
CACHES = parts.caches(FLOTILLA)
LOGGING = parts.logging(FLOTILLA)
LOGGING_CONFIG = "logging.config.dictConfig"

INSTALLED_APPS = [
    "users.apps.UsersConfig",
    "flotilla.keys",
    "flotilla.jobs",
    "flotilla.bus",
    "drf_spectacular",  # manage.py spectacular --file users/openapi.yaml
    "django.contrib.staticfiles",  # it has none; the image's recipe collects them for every service
]
MIDDLEWARE = parts.api_middleware()
ROOT_URLCONF = "users.urls"
WSGI_APPLICATION = "users.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
# Only the gateway and other services come here: headers for browsers, HTTPS and its redirect belong to the edge.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003", "security.W004", "security.W008"]

# From that bucket on, up to the next one (docs/decisions/0034). Changed by moving buckets, not by a database more.
SHARD_MAP = {0: "default", 342: "shard_1", 683: "shard_2"}
SHARDED_APPS = ("users",)
KEY_DATABASE = "users.places.database_of"
KEY_SCOPE = "users.places.scope_of"

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

_reader = Reader()
# Within it nobody can be logged out: a token is believed without asking. Refreshing asks.
ACCESS_SECONDS = int(_reader.seconds("ACCESS_SECONDS", 900.0, most=tokens.LONGEST[tokens.ACCESS]))
REFRESH_SECONDS = int(_reader.seconds("REFRESH_SECONDS", 14 * 86_400.0, most=tokens.LONGEST[tokens.REFRESH]))
# A hash is made to cost a third to half a second of a core, and a container has one core.
HASHES_AT_ONCE = _reader.integer("HASHES_AT_ONCE", 1, least=1)
# Failed logins of one account within the window, whoever tries; then 429 until it is over.
LOGIN_FAILURES = _reader.integer("LOGIN_FAILURES", 10, least=1)
LOGIN_WINDOW_SECONDS = _reader.integer("LOGIN_WINDOW_SECONDS", 300, least=1)
