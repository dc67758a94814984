"""Migrates every database of the service, once for each set of migration files, however many start it."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from flotilla.db.aliases import primaries
from flotilla.jobs.once import run_once
from flotilla.jobs.quick import stamp_of


class Command(BaseCommand):
    """All migrations of a database in one transaction: who migrates too waits at the lock, then finds the stamp."""

    help = "Run the migrations unless this set of them has been run"

    def handle(self, *args: Any, **options: Any) -> None:
        done = run_once("migrate", stamp_of(settings.FLOTILLA, "migrate"), self.migrate)
        self.stdout.write("migrate: done" if done else "migrate: already done")

    def migrate(self) -> None:
        for alias in primaries(settings.DATABASES):
            call_command("migrate", database=alias, interactive=False, verbosity=1)
