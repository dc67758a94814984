"""The shop's settings: the library's parts, assembled; below them, what only the shop decides.

SERVICE=web python manage.py check --deploy
"""

from pathlib import Path

from flotilla import settings as parts
from flotilla.env import Env

FLOTILLA = Env.from_environ()
BASE_DIR = Path(__file__).resolve().parent

globals().update(parts.security(FLOTILLA))
globals().update(parts.sessions())
globals().update(parts.static(FLOTILLA))
DATABASES = parts.databases(FLOTILLA)
DATABASE_ROUTERS = parts.routers()
CACHES = parts.caches(FLOTILLA)
LOGGING = parts.logging(FLOTILLA)
LOGGING_CONFIG = "logging.config.dictConfig"

INSTALLED_APPS = [
    "web.apps.WebConfig",
    "flotilla.keys",
    "flotilla.jobs",
    "flotilla.bus",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = parts.middleware()


def insert(name: str, *, before: str) -> None:
    MIDDLEWARE.insert(MIDDLEWARE.index(before), name)


# Static files that nginx does not have, being older than this code. The usual ones never come here.
insert("whitenoise.middleware.WhiteNoiseMiddleware", before="django.contrib.sessions.middleware.SessionMiddleware")
# The shop's check of its cookies comes before anything looks at them.
insert("web.middleware.OwnCookies", before="django.contrib.sessions.middleware.SessionMiddleware")
# A method that a view does not know gets a page, as other errors do.
MIDDLEWARE.append("web.middleware.NotAllowedPage")
# HTML revalidates: a browser that has the page gets 304.
insert("django.middleware.http.ConditionalGetMiddleware", before="django.middleware.common.CommonMiddleware")

ROOT_URLCONF = "web.urls"
WSGI_APPLICATION = "web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.context.shop",
            ],
        },
    },
]

AUTH_USER_MODEL = "web.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
CSRF_FAILURE_VIEW = "web.views.errors.csrf_failure"
# In a cookie only when there is a message: no page writes a session for it.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
USE_I18N = False  # one language: no translation lookup in each template tag
TIME_ZONE = "UTC"
# HTTPS redirect and HSTS belong to the edge: it redirects, and must not pin localhost names.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]
