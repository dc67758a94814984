"""`manage.py seed`: one staff account, with the password of the secret file, once for each version of the code."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from flotilla.env import EnvironmentProblem, secret_file
from flotilla.jobs.once import run_once
from flotilla.jobs.quick import stamp_of
from users.services import PasswordWeak, staff_ensure

STAFF = {"email": "admin@example.com", "name": "Staff"}


class Command(BaseCommand):
    help = "Write the staff account, with the password of the secret file; safe to run again."

    def add_arguments(self, parser):
        parser.add_argument("--admin-password-file", default="/run/secrets/django_admin", type=Path)

    def handle(self, *, admin_password_file, **options):
        try:
            self.password = secret_file("the staff password", admin_password_file)
            done = run_once("seed", stamp_of(settings.FLOTILLA, "seed"), self.write)
        except EnvironmentProblem as problem:
            raise CommandError(str(problem)) from None
        except PasswordWeak as weak:
            raise CommandError(f"the password in {admin_password_file} will not do: {weak}") from None
        self.stdout.write("seed: done" if done else "seed: already done")

    def write(self) -> None:
        changed = staff_ensure(password=self.password, **STAFF)
        self.stdout.write(f"seed: {STAFF['email']} {'written' if changed else 'is as it should be'}")
