"""The Django app of the request keys."""

from django.apps import AppConfig


class KeysConfig(AppConfig):
    """`flotilla.keys` in INSTALLED_APPS."""

    name = "flotilla.keys"
    label = "keys"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Request keys"
