"""The Django app of the event bus."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class BusConfig(AppConfig):
    """`flotilla.bus` in INSTALLED_APPS. Each app's `tasks` module is imported, which registers its handlers."""

    name = "flotilla.bus"
    label = "bus"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Event bus"

    def ready(self) -> None:
        autodiscover_modules("tasks")
