from django.apps import AppConfig

from flotilla.sharding import shards


class UsersConfig(AppConfig):
    name = "users"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Users"

    def ready(self) -> None:
        shards.check()
