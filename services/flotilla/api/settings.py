"""Settings of a service that is an internal REST API. Nothing is imported here: these are names."""

from typing import Any

from flotilla.env import Env

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["flotilla.api.inputs.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["flotilla.api.identity.IdentityAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["flotilla.api.identity.IsUser"],  # a view says so when it is open to more
    "DEFAULT_THROTTLE_CLASSES": [],  # the edge and the gateway limit
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is 405: the schema tells more
    "EXCEPTION_HANDLER": "flotilla.api.problems.answer",
    "UNAUTHENTICATED_USER": None,  # the default one needs django.contrib.auth and its tables
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": None,
    # Errors quote input, and half of a surrogate pair cannot be written as UTF-8.
    "UNICODE_JSON": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}


def rest(env: Env) -> dict[str, Any]:
    """JSON only; no sessions, no cookies; who calls is known by the internal identity."""
    return {
        "REST_FRAMEWORK": REST_FRAMEWORK,
        "SPECTACULAR_SETTINGS": {
            "TITLE": env.service,
            "VERSION": "1",
            "SERVE_INCLUDE_SCHEMA": False,
            "SCHEMA_PATH_PREFIX": "/",
            "ENFORCE_NON_BLANK_FIELDS": True,
            "ENABLE_DJANGO_DEPLOY_CHECK": False,  # a test compares the schema with the committed file
        },
        # Callers inside name the service, as its DNS name does.
        "ALLOWED_HOSTS": [env.service, "localhost", "127.0.0.1"],
        "APPEND_SLASH": False,  # 404 rather than a redirect that would drop a body
        "PROBLEM_DETAILS": True,  # also for what the library answers by itself
        "KEY_SCOPE": "flotilla.api.identity.scope",
    }
