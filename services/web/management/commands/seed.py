"""`manage.py seed`: the demonstration catalogue and the staff account."""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from flotilla.context import holding
from web.catalogue.load import admin_ensure, catalogue_load

PRIMARY_SECONDS = 60


class Command(BaseCommand):
    help = "Write the demonstration catalogue and the staff account; safe to run again."

    def add_arguments(self, parser):
        parser.add_argument("--admin-password-file", default="/run/secrets/django_admin", type=Path)
        parser.add_argument("--no-admin", action="store_true", help="leave the staff account alone")

    def handle(self, *, admin_password_file, no_admin, **options):
        password = None if no_admin else read_password(admin_password_file)
        started = time.monotonic()
        with holding(PRIMARY_SECONDS):
            counts = catalogue_load()
            if password:
                admin_ensure(password=password)
        what = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"seeded {what} in {time.monotonic() - started:.1f} s")


def read_password(path: Path) -> str:
    try:
        password = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CommandError(f"The staff password {path} cannot be read ({error.strerror}); run `make secrets`.") from None
    if not password:
        raise CommandError(f"The staff password {path} is empty; delete it and run `make secrets`.")
    return password
