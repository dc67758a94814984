"""Migrates `default`, once for each set of migration files, however many start it."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from flotilla.jobs.once import run_once
from flotilla.jobs.quick import stamp_of


class Command(BaseCommand):
    """All migrations in one transaction: another process that migrates waits at the lock, then finds the stamp."""

    help = "Run the migrations unless this set of them has been run"

    def handle(self, *args: Any, **options: Any) -> None:
        stamp = stamp_of(settings.FLOTILLA, "migrate")
        done = run_once("migrate", stamp, lambda: call_command("migrate", interactive=False, verbosity=1))
        self.stdout.write("migrate: done" if done else "migrate: already done")
