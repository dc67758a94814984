"""`manage.py seed`: the demonstration catalogue and the staff account, once for each version of the code."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from flotilla.env import EnvironmentProblem, secret_file
from flotilla.jobs.once import run_once
from flotilla.jobs.quick import stamp_of
from web.catalogue.load import admin_ensure, catalogue_load


class Command(BaseCommand):
    help = "Write the demonstration catalogue and the staff account; safe to run again."

    def add_arguments(self, parser):
        parser.add_argument("--admin-password-file", default="/run/secrets/django_admin", type=Path)
        parser.add_argument("--no-admin", action="store_true", help="leave the staff account alone")

    def handle(self, *, admin_password_file, no_admin, **options):
        password = None if no_admin else read_password(admin_password_file)
        started = time.monotonic()
        done = run_once("seed", stamp_of(settings.FLOTILLA, "seed"), lambda: self.load(password))
        self.stdout.write(f"seed: done in {time.monotonic() - started:.1f} s" if done else "seed: already done")

    def load(self, password: str | None) -> None:
        counts = catalogue_load()
        if password:
            admin_ensure(password=password)
        self.stdout.write("seed: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def read_password(path: Path) -> str:
    try:
        return secret_file("the staff password", path)
    except EnvironmentProblem as error:
        raise CommandError(str(error)) from None
